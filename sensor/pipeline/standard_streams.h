// The process's three streams and the text that people read there. Main thread.
#ifndef VEDETTE_SENSOR_PIPELINE_STANDARD_STREAMS_H_
#define VEDETTE_SENSOR_PIPELINE_STANDARD_STREAMS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace vedette {

// A standard stream that was closed must not become the number of a file that is opened now; in its
// place stands one that refuses the wrong direction.
void PrepareStreams();

// Names of files and interfaces are anybody's text; the lines are ours.
std::string Shown(absl::string_view message);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_STANDARD_STREAMS_H_

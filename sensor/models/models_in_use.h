// The models a sensor judges by, and what was refused since the start: one picture, handed to the
// control thread between two intervals.
#ifndef VEDETTE_SENSOR_MODELS_MODELS_IN_USE_H_
#define VEDETTE_SENSOR_MODELS_MODELS_IN_USE_H_

#include <memory>
#include <string>

#include "detectors/device_model.h"
#include "sensor/event/events.h"

namespace vedette {

struct ModelsInUse {
  std::shared_ptr<const ModelSet> set;  // null: none
  // Of the whole set: the same for the same models, wherever and in whichever order they were read.
  // Empty: there are none.
  std::string name;
  CountMap refused;  // messages since the start, by reason; those that are none are left out
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MODELS_MODELS_IN_USE_H_

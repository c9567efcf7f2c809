// A hash already keyed with the sensor's secret, so that a sender cannot aim at a bucket. Its own
// type: a raw integer cannot be passed to a sketch or table by mistake.
#ifndef VEDETTE_DATAPLANE_SKETCH_KEY_HASH_H_
#define VEDETTE_DATAPLANE_SKETCH_KEY_HASH_H_

#include <cstdint>

namespace vedette {

struct KeyHash {
  uint64_t value = 0;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_SKETCH_KEY_HASH_H_

// The memory of a sensor that is about to listen. Set-up only, main thread.
#ifndef VEDETTE_SENSOR_PIPELINE_RESIDENT_MEMORY_H_
#define VEDETTE_SENSOR_PIPELINE_RESIDENT_MEMORY_H_

#include <cstdint>

namespace vedette {

// Takes every page of the tables from the system now: a fault for each in the first second of a
// flood would cost packets, and memory that is not there is better missed at start. Returns how
// many bytes were reserved and are now there; 0 where the kernel (before 5.14) knows no way.
uint64_t PopulateMemory();

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_RESIDENT_MEMORY_H_

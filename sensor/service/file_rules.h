// Which files a sensor of this configuration needs, and nothing beside. Set-up only.
#ifndef VEDETTE_SENSOR_SERVICE_FILE_RULES_H_
#define VEDETTE_SENSOR_SERVICE_FILE_RULES_H_

#include <string>
#include <vector>

#include "sensor/config/sensor_config.h"
#include "sensor/service/file_access.h"
#include "sensor/service/privileges.h"

namespace vedette {

struct FilesInUse {
  std::string config_file;           // empty: none
  std::vector<std::string> written;  // files named on the command line; "" and "-" are nothing
  std::vector<std::string> folders;  // written to, beside those of the configuration
};

// Makes those folders that are missing, for `owner`: root can where a user of its own cannot. What
// cannot be made is told by whoever writes there.
void MakeFolders(const SensorConfig& config, const FilesInUse& files, UserIds owner);

// Reads what they speak of: what is missing and shall be written to is made, as whoever is asked.
std::vector<FileRule> FileRulesOf(const SensorConfig& config, const FilesInUse& files);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_SERVICE_FILE_RULES_H_

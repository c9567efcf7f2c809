// Where a running sensor answers programs of its own machine: plain values, immutable once read.
// The defaults are the initial values; conf/vedette.yaml says what each means.
#ifndef VEDETTE_SENSOR_LOCAL_LOCAL_CONFIG_H_
#define VEDETTE_SENSOR_LOCAL_LOCAL_CONFIG_H_

#include <string>
#include <vector>

namespace vedette {

struct LocalConfig {
  std::string listen = "unix";  // or off, or an address and a port
  std::string socket;           // empty: where the service manager says, else kDefaultSocket
  std::string token_file;       // a path, or the name of a systemd credential
  std::vector<std::string> hosts;

  bool off() const { return listen == "off"; }
  bool unix() const { return listen == "unix"; }
};

inline constexpr char kDefaultSocket[] = "/run/vedette/vedette.sock";

}  // namespace vedette
#endif  // VEDETTE_SENSOR_LOCAL_LOCAL_CONFIG_H_

// The terminal while a live screen is on it: the alternate screen, keys without echo, a hidden
// cursor. However the program ends, but by SIGKILL, the terminal is as it was. One at a time; main
// thread.
#ifndef VEDETTE_SENSOR_CONSOLE_TERMINAL_SESSION_H_
#define VEDETTE_SENSOR_CONSOLE_TERMINAL_SESSION_H_

#include <signal.h>

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace vedette {

class TerminalSession {
 public:
  // Both standard streams are a terminal that can be drawn on.
  static bool Possible();

  TerminalSession();
  ~TerminalSession();
  TerminalSession(const TerminalSession&) = delete;
  TerminalSession& operator=(const TerminalSession&) = delete;

  struct Event {
    char key = 0;          // 0: none was pressed
    int signal = 0;        // one that ends the program
    bool resized = false;  // draw anew
    bool closed = false;   // the terminal is gone
  };
  // Until something happens, at most so long. Stops and goes on by itself (^Z, fg).
  Event Wait(absl::Duration at_most);
  size_t rows() const;
  // Whole lines, from the top; false: the terminal is gone.
  bool Draw(const std::vector<std::string>& lines);

 private:
  void Enter();
  void Leave();
  Event OnSignal();

  sigset_t watched_{}, before_{};
  int signals_ = -1;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_CONSOLE_TERMINAL_SESSION_H_

// Who stands around a running sensor and wants to know how it goes: systemd, for one. Every call is
// made on the watch's thread or, before it runs and after it has ended, on the main one.
#ifndef VEDETTE_SENSOR_PIPELINE_SERVICE_OBSERVER_H_
#define VEDETTE_SENSOR_PIPELINE_SERVICE_OBSERVER_H_

namespace vedette {

class ServiceObserver {
 public:
  virtual ~ServiceObserver() = default;
  virtual void OnReady() {}      // everything is open; packets are read from here on
  virtual void OnReloading() {}  // SIGHUP; OnReady follows, whatever became of it
  virtual void OnStopping() {}   // SIGTERM, SIGINT, or the sources have ended
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_SERVICE_OBSERVER_H_

// The floor that replay is measured against: libpcap reads the file, nothing looks at the packets
// but for their lengths. Prints packets, bytes and the process's CPU seconds.
#include <pcap/pcap.h>
#include <sys/resource.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>

namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: pcap_loop CAPTURE\n");
    return 2;
  }
  char error[PCAP_ERRBUF_SIZE];
  pcap_t* capture = pcap_open_offline(argv[1], error);
  if (capture == nullptr) {
    std::fprintf(stderr, "pcap_loop: %s\n", error);
    return 1;
  }
  uint64_t packets = 0, bytes = 0;
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  int got = 0;
  while ((got = pcap_next_ex(capture, &header, &data)) == 1) {
    ++packets;
    bytes += header->len;
  }
  pcap_close(capture);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%" PRIu64 " packets %" PRIu64 " bytes %.3f CPU s\n", packets, bytes,
              Seconds(usage.ru_utime) + Seconds(usage.ru_stime));
  return got == PCAP_ERROR_BREAK ? 0 : 3;
}

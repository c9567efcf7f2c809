// Packed captures, several files in a row and merged, filters, bursts.
#include "dataplane/capture/replay_source.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lzma.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <random>
#include <thread>

#include "tests/dataplane/capture/capture_writer.h"
#include "tests/dataplane/capture/replayed.h"
#include "tests/packet_builder.h"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Gzip(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(const std::string& bytes, int window_log = 0) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  if (window_log != 0) {
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  }
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  // In two steps, so that the size is not known when the window is written.
  ZSTD_compressStream2(context, &to, &in, ZSTD_e_continue);
  ZSTD_compressStream2(context, &to, &in, ZSTD_e_end);
  out.resize(to.pos);
  ZSTD_freeCCtx(context);
  return out;
}

std::string Xz(const std::string& bytes, uint32_t dictionary_bytes = 1 << 20) {
  lzma_options_lzma options;
  lzma_lzma_preset(&options, 0);
  options.dict_size = dictionary_bytes;
  lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  std::string out(lzma_stream_buffer_bound(bytes.size()) + 64, '\0');
  size_t at = 0;
  const lzma_ret done = lzma_stream_buffer_encode(
      filters, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const uint8_t*>(bytes.data()),
      bytes.size(), reinterpret_cast<uint8_t*>(out.data()), &at, out.size());
  EXPECT_EQ(done, LZMA_OK);
  out.resize(at);
  return out;
}

struct Packer {
  const char* name;
  std::string (*pack)(const std::string&);
};
const Packer kPackers[] = {{"gzip", [](const std::string& b) { return Gzip(b); }},
                           {"zstd", [](const std::string& b) { return Zstd(b); }},
                           {"xz", [](const std::string& b) { return Xz(b); }}};

// Bytes that hardly pack, so that the packed file is long.
std::string Noise(size_t bytes, unsigned seed) {
  std::mt19937 random(seed);
  std::string noise(bytes, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  return noise;
}

std::string LongPcap(size_t packets) {
  PcapWriter writer;
  for (size_t i = 0; i < packets; ++i) {
    writer.Record(i / 10, i % 10, Noise(1'000, static_cast<unsigned>(i)));
  }
  return writer.file();
}

TEST(Packed, EveryFormatGivesThePacketsOfThePlainFile) {
  const std::string pcap = LongPcap(1'500);
  const Folder folder;
  const Replayed plain = Replay({folder.Put("plain.pcap", pcap)});
  ASSERT_THAT(plain.packets, SizeIs(1'500));
  for (const Packer& packer : kPackers) {
    const Replayed packed = Replay({folder.Put("packed", packer.pack(pcap))});
    EXPECT_TRUE(packed.Texts() == plain.Texts()) << packer.name;
    EXPECT_EQ(packed.Arrivals(), plain.Arrivals());
    EXPECT_THAT(packed.faults, IsEmpty()) << packer.name;
    EXPECT_EQ(packed.files[0].format, absl::StrCat("pcap in ", packer.name));
  }
}

TEST(Packed, SeveralMembersAreOneFileWhereverTheyMeet) {
  const std::string pcap = LongPcap(20);
  for (const Packer& packer : kPackers) {
    for (const size_t cut : {1UL, 10UL, 24UL, 30UL, 5'000UL, pcap.size()}) {
      const Replayed packed =
          ReplayBytes(packer.pack(pcap.substr(0, cut)) + packer.pack(pcap.substr(cut)));
      EXPECT_THAT(packed.packets, SizeIs(20)) << packer.name << " cut at " << cut;
      EXPECT_THAT(packed.faults, IsEmpty());
    }
  }
}

TEST(Packed, PaddingAndSkippableFramesAreNoPackets) {
  const std::string pcap = LongPcap(3);
  EXPECT_THAT(ReplayBytes(Gzip(pcap) + std::string(512, '\0')).faults, IsEmpty());
  const std::string skippable = OrderedBytes().U32(0x184d2a53).U32(5).Text("notes").text();
  const Replayed zstd = ReplayBytes(skippable + Zstd(pcap) + skippable);
  EXPECT_THAT(zstd.packets, SizeIs(3));
  EXPECT_THAT(zstd.faults, IsEmpty());
}

TEST(Packed, TooLargeAWindowIsRefusedWithWords) {
  const std::string pcap = LongPcap(3);
  EXPECT_THAT(ReplayBytes(Zstd(pcap, 27)).packets, SizeIs(3)) << "128 MiB are allowed";
  const Replayed zstd = ReplayBytes(Zstd(pcap, 28));
  EXPECT_THAT(zstd.refused, HasSubstr("134217728 bytes allowed"));
  EXPECT_EQ(zstd.code, absl::StatusCode::kDataLoss);
  EXPECT_THAT(ReplayBytes(Xz(pcap, 64 << 20)).packets, SizeIs(3));
  EXPECT_THAT(ReplayBytes(Xz(pcap, 256 << 20)).refused, HasSubstr("dictionary is too large"));
}

TEST(Packed, ACutStreamGivesWhatStoodBeforeTheCut) {
  const std::string pcap = LongPcap(200);
  const Replayed plain = ReplayBytes(pcap);
  for (const Packer& packer : kPackers) {
    const std::string packed = packer.pack(pcap);
    const Replayed cut = ReplayBytes(packed.substr(0, packed.size() * 9 / 10));
    SCOPED_TRACE(packer.name);
    ASSERT_THAT(cut.faults, SizeIs(1));
    EXPECT_THAT(cut.faults[0].cause, HasSubstr("end in the middle"));
    EXPECT_THAT(cut.faults[0].cause, HasSubstr(packer.name));
    // The offset counts unpacked bytes: all whole records before it were delivered.
    EXPECT_EQ(cut.packets.size(), (cut.faults[0].offset_bytes - 24) / 1'016);
    for (size_t i = 0; i < cut.packets.size(); ++i) {
      EXPECT_TRUE(cut.packets[i].bytes == plain.packets[i].bytes) << i;
    }
  }
  // gzip and xz unpack byte by byte; a cut zstd block is lost as a whole.
  const std::string gzip = Gzip(pcap);
  EXPECT_GT(ReplayBytes(gzip.substr(0, gzip.size() * 9 / 10)).packets.size(), 150U);
}

TEST(Packed, ADamagedByteNeverAddsPackets) {
  const std::string pcap = LongPcap(60);
  const Replayed plain = ReplayBytes(pcap);
  std::mt19937 random(7);
  for (const Packer& packer : kPackers) {
    const std::string packed = packer.pack(pcap);
    for (int round = 0; round < 40; ++round) {
      std::string damaged = packed;
      const size_t at = 6 + random() % (damaged.size() - 6);
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
      SCOPED_TRACE(absl::StrCat(packer.name, " at ", at));
      const Replayed replayed = ReplayBytes(damaged);
      EXPECT_LE(replayed.packets.size(), plain.packets.size());
      if (replayed.refused.empty()) {
        EXPECT_LE(replayed.faults.size(), 1U);
      }
    }
  }
}

TEST(Packed, GarbageBehindTheLastMemberIsNamed) {
  const std::string pcap = LongPcap(3);
  const Replayed gzip = ReplayBytes(Gzip(pcap) + "garbage!");
  EXPECT_THAT(gzip.packets, SizeIs(3));
  ASSERT_THAT(gzip.faults, SizeIs(1));
  EXPECT_THAT(gzip.faults[0].cause, HasSubstr("garbage behind the last member"));
  EXPECT_EQ(gzip.faults[0].offset_bytes, pcap.size());
}

TEST(Packed, PackedTwiceIsNamed) {
  EXPECT_THAT(ReplayBytes(Gzip(Gzip(LongPcap(1)))).refused, HasSubstr("packed twice"));
}

// A small file that unpacks to a large one goes through the same window.
TEST(Packed, ABombIsStreamed) {
  PcapngWriter writer;
  writer.Section().Interface(1);
  const std::string block =
      PcapngWriter().Block(99, OrderedBytes().Text(std::string(15 << 20, 0))).file();
  std::string bomb = Zstd(writer.file());
  for (int i = 0; i < 8; ++i) bomb += Zstd(block);
  bomb += Zstd(PcapngWriter().Enhanced(0, 1, "last").file());
  const Replayed replayed = ReplayBytes(bomb);
  EXPECT_THAT(replayed.Texts(), ElementsAre("last"));
  EXPECT_THAT(replayed.faults, IsEmpty());
}

TEST(Pipe, ACaptureFromAPipeIsReadAsItComes) {
  const std::string pcap = LongPcap(300);
  for (const std::string& bytes : {pcap, Gzip(pcap)}) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    std::thread writer([&] {
      for (size_t at = 0; at < bytes.size();) {
        const ssize_t wrote =
            write(ends[1], bytes.data() + at, std::min<size_t>(777, bytes.size() - at));
        if (wrote <= 0) break;
        at += static_cast<size_t>(wrote);
      }
      close(ends[1]);
    });
    auto file = CaptureFile::FromDescriptor(ends[0], "a pipe", nullptr);
    ASSERT_TRUE(file.ok()) << file.status();
    size_t packets = 0;
    for (auto cursor = (*file)->Next(); cursor != CaptureFile::Cursor::kEnded;
         cursor = (*file)->Next()) {
      if (cursor == CaptureFile::Cursor::kStalled) {
        (*file)->Refill();
      } else {
        ++packets;
      }
    }
    writer.join();
    EXPECT_EQ(packets, 300U);
    EXPECT_EQ((*file)->damage().kind, DamageKind::kNone);
    EXPECT_EQ((*file)->input_bytes_total(), 0U) << "nobody knows how long a pipe is";
    EXPECT_EQ((*file)->input_bytes_read(), bytes.size());
  }
}

TEST(StandardInput, IsNamedByAHyphenOnce) {
  const Folder folder;
  const int saved = dup(STDIN_FILENO);
  const int fd = open(folder.Put("in", PcapWriter().Record(1, 0, "a").file()).c_str(), O_RDONLY);
  dup2(fd, STDIN_FILENO);
  const Replayed replayed = Replay({"-"});
  dup2(saved, STDIN_FILENO);
  close(fd);
  close(saved);
  EXPECT_THAT(replayed.Texts(), ElementsAre("a"));
  EXPECT_EQ(replayed.files.at(0).path, "standard input");
  EXPECT_THAT(Replay({"-", "-"}).refused, HasSubstr("more than once"));
}

class SeveralFiles : public ::testing::Test {
 protected:
  Folder folder_;
  const std::string early_ =
      folder_.Put("early", PcapWriter().Record(1, 0, "e1").Record(3, 0, "e3").file());
  const std::string late_ = folder_.Put(
      "late", PcapWriter().Record(2, 0, "l2").Record(3, 0, "l3").Record(4, 0, "l4").file());
};

TEST_F(SeveralFiles, InARowTimeNeverRunsBackwards) {
  const Replayed replayed = Replay({early_, late_});
  EXPECT_THAT(replayed.Texts(), ElementsAre("e1", "e3", "l2", "l3", "l4"));
  EXPECT_THAT(replayed.Arrivals(),
              ElementsAre(1'000'000, 3'000'000, 3'000'000, 3'000'000, 4'000'000));
  EXPECT_EQ(replayed.counters.time_backwards, 1U);
}

TEST_F(SeveralFiles, MergedByTimeTiesKeepTheOrderOfTheFiles) {
  const ReplayOptions merge{.merge = true};
  EXPECT_THAT(Replay({early_, late_}, merge).Texts(), ElementsAre("e1", "l2", "e3", "l3", "l4"));
  EXPECT_THAT(Replay({late_, early_}, merge).Texts(), ElementsAre("e1", "l2", "l3", "e3", "l4"));
}

TEST_F(SeveralFiles, ADamagedFileDoesNotEndTheOthers) {
  const std::string cut =
      folder_.Put("cut", PcapWriter().Record(2, 5, "c2").file() + std::string("\1\0\0\0", 4));
  for (const bool merge : {false, true}) {
    const Replayed replayed = Replay({early_, cut, late_}, {.merge = merge});
    EXPECT_THAT(replayed.packets, SizeIs(6));
    ASSERT_THAT(replayed.faults, SizeIs(1));
    EXPECT_EQ(replayed.faults[0].path, cut);
    EXPECT_EQ(replayed.faults[0].offset_bytes, 24U + 16 + 2);
  }
}

TEST_F(SeveralFiles, ManyLongFilesMergeExactly) {
  std::vector<std::string> paths;
  std::vector<std::pair<uint64_t, std::string>> expected;
  for (unsigned f = 0; f < 5; ++f) {
    PcapngWriter writer(f % 2 == 0 ? ByteOrder::kLittle : ByteOrder::kBig);
    writer.Section().Interface(1);
    uint64_t now = f;
    for (unsigned i = 0; i < 400; ++i) {
      now += (i * 7919 + f * 104'729) % 9'001;
      const std::string packet = absl::StrCat(f, ":", i, std::string(700, 'x'));
      writer.Enhanced(0, now, packet);
      expected.emplace_back(now, packet);
    }
    paths.push_back(folder_.Put(absl::StrCat("f", f), Gzip(writer.file())));
  }
  std::stable_sort(expected.begin(), expected.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const Replayed replayed = Replay(paths, {.merge = true});
  ASSERT_EQ(replayed.packets.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(replayed.packets[i].arrival_us, expected[i].first);
    EXPECT_TRUE(replayed.packets[i].bytes == expected[i].second) << i;
  }
}

TEST_F(SeveralFiles, MoreFilesThanAreKeptOpenAreReadInARow) {
  std::vector<std::string> paths;
  for (size_t i = 0; i < ReplaySource::kKeptOpenMax + 3; ++i) {
    paths.push_back(folder_.Put(absl::StrCat("n", i), PcapWriter().Record(i, 0, "p").file()));
  }
  const Replayed replayed = Replay(paths);
  EXPECT_EQ(replayed.packets.size(), paths.size());
  EXPECT_THAT(replayed.faults, IsEmpty());
  EXPECT_EQ(replayed.files.size(), paths.size());
}

TEST_F(SeveralFiles, TooManyToMergeIsRefused) {
  const std::vector<std::string> paths(ReplaySource::kMergedFilesMax + 1, early_);
  EXPECT_THAT(Replay(paths, {.merge = true}).refused, HasSubstr("at most 256"));
}

TEST(Shift, TheFirstPacketArrivesWhenAskedAndDistancesStay) {
  const Folder folder;
  const std::string path =
      folder.Put("a", PcapWriter().Record(100, 5, "a").Record(101, 7, "b").file());
  EXPECT_THAT(Replay({path}, {.shift_to = Timestamp{7'000'000}}).Arrivals(),
              ElementsAre(7'000'000, 8'000'002));
  EXPECT_THAT(Replay({path}, {.shift_to = Timestamp{~uint64_t{0}}}).Arrivals(),
              ElementsAre(kLatestArrivalUs, kLatestArrivalUs));
}

std::string TextOf(const PacketBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Filter, MeansTheSameOnEveryLinkType) {
  const auto packet = [](uint16_t link, uint16_t port) {
    PacketBuilder builder;
    switch (link) {
      case 1:
        builder.Ethernet();
        break;
      case 0:
        builder.Null(0x02000000);  // libpcap reads it in the machine's order
        break;
      case 9:
        builder.Ppp(true);  // libpcap knows no other
        break;
      case 113:
        builder.LinuxSll();
        break;
      case 276:
        builder.LinuxSll2();
        break;
      default:
        break;
    }
    return TextOf(builder.Ip4("192.0.2.1", "192.0.2.2").Udp(4'000, port).Payload("x").Build());
  };
  PcapngWriter writer;
  writer.Section();
  const uint16_t links[] = {1, 0, 9, 101, 12, 228, 113, 276};
  for (const uint16_t link : links) writer.Interface(link);
  for (uint32_t i = 0; i < std::size(links); ++i) {
    writer.Enhanced(i, 1, packet(links[i], 53)).Enhanced(i, 1, packet(links[i], 54));
  }
  const Folder folder;
  const Replayed replayed = Replay({folder.Put("mixed", writer.file())}, {.filter = "udp port 53"});
  EXPECT_EQ(replayed.counters.packets, std::size(links));
  EXPECT_EQ(replayed.counters.filtered, std::size(links));
  EXPECT_EQ(replayed.counters.records, 2 * std::size(links));
}

TEST(Filter, OneWithoutMeaningOnALinkTypeIsRefusedOrMatchesNothing) {
  const Folder folder;
  const ReplayOptions by_mac{.filter = "ether host 02:00:00:00:00:01"};
  const std::string raw = folder.Put("raw", PcapWriter({.link = 101}).Record(1, 0, "x").file());
  EXPECT_THAT(Replay({raw}, by_mac).refused, HasSubstr("has no meaning on link type 101"));
  PcapngWriter mixed;
  mixed.Section().Interface(101).Interface(1).Enhanced(0, 1, "raw");
  mixed.Enhanced(1, 1, TextOf(PacketBuilder().Ethernet().Ip4("1.1.1.1", "2.2.2.2").Build()));
  EXPECT_THAT(Replay({folder.Put("mixed", mixed.file())}, by_mac).packets, SizeIs(1));
}

TEST(Filter, OneThatDoesNotCompileIsQuotedWithLibpcapsWords) {
  const Folder folder;
  const std::string path = folder.Put("a", PcapWriter().Record(1, 0, "x").file());
  const std::string refused = Replay({path}, {.filter = "udp prot 53"}).refused;
  EXPECT_THAT(refused, HasSubstr("\"udp prot 53\" does not compile"));
  EXPECT_THAT(refused, HasSubstr("pcap-filter(7)"));
}

}  // namespace
}  // namespace vedette

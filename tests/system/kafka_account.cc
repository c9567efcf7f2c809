// Accounts for what lies in topics, by sequence numbers: kafka_account BROKERS TOPIC... reads each
// to its end and prints a line for each sensor, boot and topic, tab-separated: sensor, boot_ms,
// topic, messages, different numbers, highest number, repeats (a number that came again under the
// same id), unmarked (a number under two ids, or an id under two numbers). For tests; shares
// nothing with the sensor but the contract.
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace {

using Place = std::pair<std::string, int>;
using absl::string_view;

// What stands behind "name": in a flat object; each of these names stands there once, before any
// text that a packet could have chosen, or behind all of it.
string_view After(string_view json, string_view name, bool from_end) {
  const std::string wanted = '"' + std::string(name) + "\":";
  const size_t at = from_end ? json.rfind(wanted) : json.find(wanted);
  return at == string_view::npos ? string_view() : json.substr(at + wanted.size());
}

uint64_t Number(string_view json, string_view name) {
  const string_view text = After(json, name, true);
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string Text(string_view json, string_view name) {
  const string_view text = After(json, name, false);
  if (text.empty() || text[0] != '"') return "";
  return std::string(text.substr(1, text.find('"', 1) - 1));
}

// Half of an id of 128 bits that are a hash already: two of ten million meet once in 400,000 runs.
uint64_t IdOf(string_view json) {
  const std::string text = Text(json, "id");
  uint64_t id = 0;
  std::from_chars(text.data(), text.data() + std::min<size_t>(text.size(), 16), id, 16);
  return id;
}

class Account {
 public:
  void Add(uint64_t seq, uint64_t id) {
    ++messages_;
    if (seq == 0 || seq > (uint64_t{1} << 30)) {
      ++unmarked_;
      return;
    }
    if (ids_.size() <= seq) ids_.resize(std::max<size_t>(seq + 1, ids_.size() * 2), 0);
    highest_ = std::max(highest_, seq);
    if (ids_[seq] == 0) {
      ++different_;
      ids_[seq] = id == 0 ? 1 : id;
    } else if (ids_[seq] == id) {
      ++repeats_;
    } else {
      ++unmarked_;
    }
  }
  // Ends the counting.
  void Print(const std::string& sensor, uint64_t boot_ms, const std::string& topic) {
    ids_.erase(std::remove(ids_.begin(), ids_.end(), uint64_t{0}), ids_.end());
    std::sort(ids_.begin(), ids_.end());
    for (size_t i = 1; i < ids_.size(); ++i) unmarked_ += ids_[i] == ids_[i - 1] ? 1 : 0;
    const auto number = [](uint64_t value) { return static_cast<unsigned long long>(value); };
    std::printf("%s\t%llu\t%s\t%llu\t%llu\t%llu\t%llu\t%llu\n", sensor.c_str(), number(boot_ms),
                topic.c_str(), number(messages_), number(different_), number(highest_),
                number(repeats_), number(unmarked_));
  }

 private:
  std::vector<uint64_t> ids_;  // by number; 0: not come
  uint64_t messages_ = 0, different_ = 0, highest_ = 0, repeats_ = 0, unmarked_ = 0;
};

// The partitions there are.
std::set<Place> PlacesOf(rd_kafka_t* reader, int count, char** topics) {
  std::set<Place> places;
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(reader, 1, nullptr, &metadata, 20'000) != 0) return places;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    if (std::none_of(topics, topics + count,
                     [&topic](const char* name) { return string_view(name) == topic.topic; })) {
      continue;
    }
    for (int k = 0; k < topic.partition_cnt; ++k) {
      places.insert({topic.topic, topic.partitions[k].id});
    }
  }
  rd_kafka_metadata_destroy(metadata);
  return places;
}

rd_kafka_t* NewReader(const char* brokers) {
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", brokers, nullptr, 0);
  rd_kafka_conf_set(conf, "group.id", "kafka_account", nullptr, 0);
  rd_kafka_conf_set(conf, "enable.partition.eof", "true", nullptr, 0);
  rd_kafka_conf_set(conf, "queued.max.messages.kbytes", "65536", nullptr, 0);
  return rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  rd_kafka_t* const reader = NewReader(argv[1]);
  std::set<Place> open = PlacesOf(reader, argc - 2, argv + 2);
  if (open.empty()) return 1;
  rd_kafka_topic_partition_list_t* const all =
      rd_kafka_topic_partition_list_new(static_cast<int>(open.size()));
  for (const auto& [topic, partition] : open) {
    rd_kafka_topic_partition_list_add(all, topic.c_str(), partition)->offset = 0;
  }
  rd_kafka_assign(reader, all);
  rd_kafka_topic_partition_list_destroy(all);
  std::map<std::tuple<std::string, uint64_t, std::string>, Account> accounts;
  auto last = std::chrono::steady_clock::now();
  while (!open.empty() && std::chrono::steady_clock::now() - last < std::chrono::minutes(1)) {
    rd_kafka_message_t* const message = rd_kafka_consumer_poll(reader, 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      open.erase({rd_kafka_topic_name(message->rkt), message->partition});
    } else if (message->err == 0) {
      last = std::chrono::steady_clock::now();
      const string_view json(static_cast<const char*>(message->payload), message->len);
      accounts[{Text(json, "sensor"), Number(json, "boot_ms"), rd_kafka_topic_name(message->rkt)}]
          .Add(Number(json, "seq"), IdOf(json));
    }
    rd_kafka_message_destroy(message);
  }
  for (auto& [name, account] : accounts) {
    account.Print(std::get<0>(name), std::get<1>(name), std::get<2>(name));
  }
  rd_kafka_consumer_close(reader);
  rd_kafka_destroy(reader);
  return open.empty() ? 0 : 1;
}

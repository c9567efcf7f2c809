// The query of a request's target: names and values, decoded, each name once. Hostile text; pure.
#ifndef VEDETTE_SENSOR_LOCAL_QUERY_H_
#define VEDETTE_SENSOR_LOCAL_QUERY_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace vedette {

class Query {
 public:
  // "a=b&c=%20d"; a name that is not among `known` is a fault, so that a misspelt filter is no
  // filter that lets everything pass.
  static absl::StatusOr<Query> Parse(absl::string_view text,
                                     absl::Span<const absl::string_view> known);

  // Empty where it was not given.
  const std::string& Text(const std::string& name) const;
  absl::StatusOr<std::string> Choice(const std::string& name,
                                     absl::Span<const absl::string_view> allowed,
                                     absl::string_view otherwise) const;
  absl::StatusOr<size_t> Count(const std::string& name, size_t max, size_t otherwise) const;

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_LOCAL_QUERY_H_

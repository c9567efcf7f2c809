#include "sensor/models/model_refusal.h"

#include "absl/strings/str_cat.h"

namespace vedette {

std::string ModelFault::ToString() const {
  const ModelRefusalText& text = TextOf(why);
  return absl::StrCat(text.wire_name, ": ", text.sentence, detail.empty() ? "" : ": ", detail);
}

}  // namespace vedette

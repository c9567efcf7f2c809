// A fixed array of zero bytes straight from the kernel: no page of it is resident before it is
// used, so tables may be sized for the worst day. T must mean "empty" when all zero. Owned by the
// table it serves; throws std::bad_alloc at set-up only.
#ifndef VEDETTE_DATAPLANE_SKETCH_ZEROED_ARRAY_H_
#define VEDETTE_DATAPLANE_SKETCH_ZEROED_ARRAY_H_

#include <sys/mman.h>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace vedette {

// Null when there is no memory.
void* MapZeroed(size_t bytes) noexcept;
[[noreturn]] void FailOutOfMemory();

template <typename T>
class ZeroedArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  explicit ZeroedArray(size_t count) : size_(count) {
    if (count == 0) return;
    data_ = static_cast<T*>(MapZeroed(bytes()));
    if (data_ == nullptr) FailOutOfMemory();
  }
  ~ZeroedArray() {
    if (data_ != nullptr) munmap(data_, bytes());
  }
  ZeroedArray(ZeroedArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  ZeroedArray& operator=(ZeroedArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  T& operator[](size_t i) noexcept { return data_[i]; }
  const T& operator[](size_t i) const noexcept { return data_[i]; }
  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  size_t size() const noexcept { return size_; }
  size_t bytes() const noexcept { return size_ * sizeof(T); }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_SKETCH_ZEROED_ARRAY_H_

// While it lives, no thread can be started: a stack of the default size does not fit into memory.
#pragma once

#include <pthread.h>

#include <cstddef>

namespace grid::testing {

class NoMoreThreads {
 public:
  NoMoreThreads() {
    ::pthread_getattr_default_np(&attributes_);
    ::pthread_attr_getstacksize(&attributes_, &stack_size_);
    set(std::size_t{1} << 46);
  }
  ~NoMoreThreads() {
    set(stack_size_);
    ::pthread_attr_destroy(&attributes_);
  }
  NoMoreThreads(const NoMoreThreads&) = delete;
  NoMoreThreads& operator=(const NoMoreThreads&) = delete;

 private:
  void set(std::size_t stack_size) {
    ::pthread_attr_setstacksize(&attributes_, stack_size);
    ::pthread_setattr_default_np(&attributes_);
  }

  pthread_attr_t attributes_;
  std::size_t stack_size_ = 0;
};

}  // namespace grid::testing

#include "base/shared_library.h"

#include <dlfcn.h>

#include "base/error.h"

namespace grid {

SharedLibrary::SharedLibrary(const char* name) : name_(name), handle_(::dlopen(name, RTLD_NOW)) {
  if (handle_ == nullptr)
    fail(ErrorKind::unsupported, "cannot load {}, which this needs: {}; is it installed?", name,
         ::dlerror());
}

SharedLibrary::Function SharedLibrary::find(const char* name) const {
  void* address = ::dlsym(handle_, name);
  if (address == nullptr) fail(ErrorKind::unsupported, "{} is too old: it has no {}", name_, name);
  return {address};
}

}  // namespace grid

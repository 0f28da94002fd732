// A library that is loaded when it is first needed, for features that few runs of the program use:
// a linked library is read from the disk at every start, with all that it links in turn.
#pragma once

namespace grid {

// Stays loaded until the process ends. Thread-safe.
class SharedLibrary {
 public:
  // `name` as the linker knows it, with its version: "libcurl.so.4". Throws `unsupported` if it is
  // not installed.
  explicit SharedLibrary(const char* name);

  // Becomes a pointer to a function of any type; the type is not checked, so take it from the
  // library's header: `decltype(::curl_easy_init)* init = library.find("…")`.
  struct Function {
    void* address;
    template <class Type>
    operator Type*() const {
      return reinterpret_cast<Type*>(address);
    }
  };

  // Throws `unsupported` if the library has no such function.
  Function find(const char* name) const;

 private:
  const char* name_;
  void* handle_;
};

}  // namespace grid

// A library that is loaded when it is first needed, for what few runs of the program need: what a
// program links is read from the disk each time it starts, with all that it links in its turn.
#pragma once

namespace grid {

// Stays loaded until the process ends. Thread-safe.
class SharedLibrary {
 public:
  // `name` as the linker knows it, with its version: "libcurl.so.4". Throws `unsupported` if it is
  // not installed.
  explicit SharedLibrary(const char* name);

  // Becomes a pointer to a function of any type; nobody checks that it is the right one, so take
  // the type from the library's header: `decltype(::curl_easy_init)* init = library.find("…")`.
  struct Function {
    void* address;
    template <class Type>
    operator Type*() const {
      return reinterpret_cast<Type*>(address);
    }
  };

  // Throws `unsupported` if the library has none.
  Function find(const char* name) const;

 private:
  const char* name_;
  void* handle_;
};

}  // namespace grid

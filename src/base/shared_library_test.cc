#include "base/shared_library.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/error.h"

namespace grid {
namespace {

TEST(SharedLibrary, GivesFunctionsToCall) {
  SharedLibrary library("libz.so.1");
  decltype(::crc32)* crc = library.find("crc32");
  EXPECT_EQ(crc(0, reinterpret_cast<const Bytef*>("123456789"), 9), 0xcbf43926U);
}

TEST(SharedLibrary, NamesALibraryThatIsNotInstalled) {
  try {
    SharedLibrary library("libnot-there.so.7");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_NE(std::string(error.what()).find("libnot-there.so.7"), std::string::npos);
  }
}

TEST(SharedLibrary, ThrowsForAMissingFunction) {
  SharedLibrary library("libz.so.1");
  EXPECT_THROW(library.find("not_there"), Error);
}

}  // namespace
}  // namespace grid

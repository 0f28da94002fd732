#include "server/tls.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/temporary_folder.h"

namespace grid::server {
namespace {

// Of an elliptic curve, signed by itself, for "localhost".
struct Identity {
  std::filesystem::path certificate, key;
};

Identity make_identity(const std::filesystem::path& folder, const std::string& name) {
  Identity identity{folder / (name + ".crt"), folder / (name + ".key")};
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
      "/CN=localhost -keyout " +
      identity.key.string() + " -out " + identity.certificate.string() + " 2>/dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0);
  return identity;
}

ErrorKind kind_of_failure(const std::filesystem::path& certificate,
                          const std::filesystem::path& key) {
  try {
    TlsIdentity(certificate, key);
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no failure";
  return ErrorKind::corrupt;
}

TEST(TlsTest, RefusesFilesThatMakeNoIdentity) {
  testing::TemporaryFolder folder;
  const Identity one = make_identity(folder.path(), "one"),
                 other = make_identity(folder.path(), "other");
  testing::write_file(folder / "text", "no certificate");
  EXPECT_EQ(kind_of_failure(folder / "absent", one.key), ErrorKind::not_found);
  EXPECT_EQ(kind_of_failure(one.certificate, folder / "absent"), ErrorKind::not_found);
  EXPECT_EQ(kind_of_failure(folder / "text", one.key), ErrorKind::invalid_argument);
  EXPECT_EQ(kind_of_failure(one.certificate, folder / "text"), ErrorKind::invalid_argument);
  EXPECT_EQ(kind_of_failure(one.certificate, other.key), ErrorKind::invalid_argument);
  EXPECT_NO_THROW(TlsIdentity(one.certificate, one.key));
}

TEST(TlsTest, EndsASessionThatSpeaksSomethingElse) {
  testing::TemporaryFolder folder;
  const Identity files = make_identity(folder.path(), "one");
  TlsIdentity identity(files.certificate, files.key);
  const std::unique_ptr<TlsSession> session = identity.accept();
  EXPECT_EQ(session->shake_hands(), TlsSession::State::wants_bytes);
  session->receive(as_bytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_EQ(session->shake_hands(), TlsSession::State::ended);
  EXPECT_FALSE(session->write(as_bytes("secret")));
  Bytes out;
  session->take(out);
  EXPECT_EQ(as_text(out).find("secret"), std::string_view::npos);
}

}  // namespace
}  // namespace grid::server

// The whole body of an answer, from wherever it comes: for tests.
#pragma once

#include <gtest/gtest.h>

#include "server/message.h"

namespace grid::server {

// Reads a source to its end. A length that was announced has to be true.
inline std::string body_of(Response response) {
  std::string body(as_text(response.body_bytes()));
  if (response.source != nullptr)
    for (BytesView piece; !(piece = response.source->next(1 << 20)).empty();)
      body += as_text(piece);
  EXPECT_EQ(body.size(), response.size.value_or(body.size()));
  return body;
}

}  // namespace grid::server

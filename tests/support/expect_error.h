// Expects an Error by its kind and a part of its sentence.
#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "base/error.h"

namespace grid::testing {

template <class Act>
void expect_error(ErrorKind kind, std::string_view part, const Act& act) {
  try {
    act();
    ADD_FAILURE() << "nothing was thrown; expected: " << part;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_NE(std::string_view(error.what()).find(part), std::string_view::npos) << error.what();
  }
}

}  // namespace grid::testing

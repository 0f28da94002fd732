// How far a create is, for tests of what shows it.
#pragma once

#include "service/pace.h"

namespace grid::testing {

inline constexpr service::ProgressState half_way = {.files_done = 4512,
                                                    .bytes_done = 550'000'000,
                                                    .files_total = 9024,
                                                    .bytes_total = 1'100'000'000};
inline const service::Pace steady = {
    .bytes_per_second = 55'000'000, .seconds_left = 10, .elapsed = std::chrono::seconds(10)};

inline service::ProgressState storing() {
  service::ProgressState state = half_way;
  state.phase = "storing";
  state.savings = {.unread = 100'000'000, .fresh = 300'000'000, .stored = 150'000'000};
  return state;
}

}  // namespace grid::testing

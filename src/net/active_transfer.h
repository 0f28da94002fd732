// One request as libcurl carries it out. Only the thread of a TransferLoop touches it.
#pragma once

#include <memory>
#include <string>

#include "net/libcurl.h"
#include "net/transfer_loop.h"

namespace grid::net {

struct ReleaseEasy {
  void operator()(CURL* easy) const { curl().easy_cleanup(easy); }
  void operator()(curl_slist* list) const { curl().slist_free_all(list); }
};

struct ActiveTransfer {
  std::shared_ptr<Transfer> transfer;
  const HttpOptions& options;
  const std::string& authorities;  // the content of several HttpOptions::ca_files
  std::unique_ptr<CURL, ReleaseEasy> easy;
  std::unique_ptr<curl_slist, ReleaseEasy> headers;
  char error[CURL_ERROR_SIZE] = "";
  HttpHead head;  // of the current answer, which may be a redirect
  std::size_t sent = 0;
  bool head_ended = false;  // its final empty line came
  bool body_began = false;
  bool too_large = false;
  bool led_to_private_address = false;
  Bytes body;
  std::size_t into_size = 0;

  ActiveTransfer(std::shared_ptr<Transfer> of, const HttpOptions& with, const std::string& trusted)
      : transfer(std::move(of)), options(with), authorities(trusted) {}
};

// Makes the handle that libcurl needs; `active_count` others are under way. The transfer must not
// move from then on.
void prepare(ActiveTransfer& active, std::size_t active_count);
// Gives the result to the requester.
void end(ActiveTransfer& active, CURLcode code);

}  // namespace grid::net

// A server without sockets, over a store with the datastores cats and cats-secret.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/api.h"
#include "server/body_of.h"
#include "service/tokens.h"
#include "tests/support/node.h"

namespace grid::server {

class ApiTest : public ::testing::Test {
 protected:
  ApiTest() : store_(node_.open()) {
    testing::write_file(node_ / "source/a.txt", "0123456789");
    testing::write_file(node_ / "source/page.html", "<script>alert(1)</script>");
    testing::write_file(node_ / "source/empty", "");
    testing::write_file(node_ / "source/folder/big", std::string(3 << 20, 'x'));
    node_.create(*store_, "cats", "source");
    node_.create(*store_, "cats-secret", "source");
    api_ = std::make_unique<Api>(node_.settings(), store_, AccessOptions{.host_names = {"box"}});
    admin_ = token(service::Role::admin);
  }

  std::string token(service::Role role, std::vector<std::string> datastores = {}) {
    return service::create_token(node_.settings(), {.role = role, .datastores = datastores}).text;
  }
  Response send(Request request) { return api_->answer(request); }
  Request request_of(const std::string& method, const std::string& target,
                     const std::string& bearer) {
    Request request{.method = method, .target = target, .headers = {{"Host", "localhost:8080"}}};
    if (!bearer.empty()) request.headers.add("Authorization", "Bearer " + bearer);
    return request;
  }
  Response get(const std::string& target, HttpHeaders more = {}) {
    Request request = request_of("GET", target, admin_);
    for (const net::HttpHeader& header : more) request.headers.set(header.name, header.value);
    return send(std::move(request));
  }
  int status(const std::string& method, const std::string& target, const std::string& bearer) {
    return send(request_of(method, target, bearer)).status;
  }

  const std::string version = "/api/v1/datastores/cats/versions/1";
  testing::Node node_;
  std::shared_ptr<dataset::OpenStore> store_;
  std::unique_ptr<Api> api_;
  std::string admin_;
};

}  // namespace grid::server

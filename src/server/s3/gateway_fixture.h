// A gateway over a store in a temporary folder, and a client that signs: for tests.
#pragma once

#include <gtest/gtest.h>

#include <pugixml.hpp>

#include "net/aws_signature.h"
#include "net/s3_signer.h"
#include "net/url.h"
#include "server/body_of.h"
#include "server/s3/gateway.h"
#include "service/tokens.h"
#include "tests/support/node.h"

namespace grid::server::s3 {

class GatewayFixture : public ::testing::Test {
 protected:
  GatewayFixture() : store_(node_.open()), api_(node_.settings(), store_, {.host_names = {"box"}}) {
    key_ = make_key();
  }

  net::AwsCredentials make_key(std::vector<std::string> datastores = {}) {
    const service::CreatedToken made = service::create_token(
        node_.settings(), {.datastores = std::move(datastores), .for_s3 = true});
    return {.access_key_id = service::s3_access_key_id(made.token), .secret_access_key = made.text};
  }
  void write(const std::string& path, std::string_view content = "x") {
    testing::write_file(node_ / path, content);
  }

  // `target` is encoded as by percent_encode(), such as "/s3/cats?list-type=2".
  Request signed_request(
      const std::string& method, const std::string& target, HttpHeaders headers = {},
      std::chrono::system_clock::time_point time = std::chrono::system_clock::now()) {
    net::HttpRequest to_sign{
        .method = method, .url = "http://localhost:8080" + target, .headers = std::move(headers)};
    net::sign(to_sign, key_, {.region = "mars-1", .service = "s3", .time = time});
    Request request{.method = method, .target = target, .headers = to_sign.headers};
    request.headers.add("Host", "localhost:8080");
    return request;
  }
  Response send(const Request& request) { return gateway_.answer(request); }
  Response get(const std::string& target, HttpHeaders headers = {}) {
    return send(signed_request("GET", target, std::move(headers)));
  }
  Response head(const std::string& target, HttpHeaders headers = {}) {
    return send(signed_request("HEAD", target, std::move(headers)));
  }

  // "403 AccessDenied".
  static std::string error_of(const Response& response) {
    pugi::xml_document document;
    document.load_string(response.body.c_str());
    return fmt::format("{} {}", response.status, document.child("Error").child_value("Code"));
  }

  // A list as it was answered: keys and common prefixes.
  struct List {
    std::vector<std::string> keys, prefixes;
    std::string next;  // NextContinuationToken or NextMarker
    bool truncated = false;
    std::string text;

    std::vector<std::string> all() const {
      std::vector<std::string> both = keys;
      both.insert(both.end(), prefixes.begin(), prefixes.end());
      std::sort(both.begin(), both.end());
      return both;
    }
    bool has(std::string_view part) const { return text.find(part) != text.npos; }
  };
  List list(const std::string& bucket, const std::string& query) {
    Response response = get("/s3/" + bucket + "?" + query);
    EXPECT_EQ(response.status, 200) << response.body;
    List list{.text = response.body};
    pugi::xml_document document;
    EXPECT_TRUE(document.load_string(response.body.c_str(), pugi::parse_default)) << response.body;
    const pugi::xml_node root = document.child("ListBucketResult");
    for (const pugi::xml_node& node : root.children("Contents"))
      list.keys.emplace_back(node.child_value("Key"));
    for (const pugi::xml_node& node : root.children("CommonPrefixes"))
      list.prefixes.emplace_back(node.child_value("Prefix"));
    list.next = root.child("NextContinuationToken") ? root.child_value("NextContinuationToken")
                                                    : root.child_value("NextMarker");
    list.truncated = std::string_view(root.child_value("IsTruncated")) == "true";
    return list;
  }

  testing::Node node_;
  std::shared_ptr<dataset::OpenStore> store_;
  Api api_;
  Gateway gateway_{api_, {.domain = "s3.example"}};
  net::AwsCredentials key_;
};

inline std::string encoded(std::string_view text) {
  return net::percent_encode(text, net::Slash::encode);
}

}  // namespace grid::server::s3

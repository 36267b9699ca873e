#include "load/http_response.h"

#include <gtest/gtest.h>

namespace herald::load {
namespace {

using Form = HttpAnswer::Form;

HttpAnswer read(std::string_view bytes) {
  static std::string scratch;
  return read_http_answer(bytes, scratch);
}

// Every proper prefix is unfinished, the whole is whole, and what follows is not touched.
HttpAnswer read_by_bytes(const std::string& whole) {
  for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_EQ(read(whole.substr(0, i)).form, Form::kUnfinished) << i;
  static std::string with_next;
  with_next = whole + "HTTP/1.1 500";
  const auto answer = read(with_next);
  EXPECT_EQ(answer.form, Form::kWhole);
  EXPECT_EQ(answer.bytes, whole.size());
  return answer;
}

TEST(HttpResponse, WithALengthAndALocation) {
  const auto answer =
      read_by_bytes("HTTP/1.1 200 OK\r\nlocation:  /notify/ab/messages/1 \r\nCONTENT-LENGTH: 5\r\n\r\nhello");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.location, "/notify/ab/messages/1");
  EXPECT_EQ(answer.body, "hello");
  EXPECT_FALSE(answer.close);
}

TEST(HttpResponse, InChunks) {
  const auto answer =
      read_by_bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(answer.body, "abcde");
}

TEST(HttpResponse, WithoutABody) {
  EXPECT_EQ(read_by_bytes("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n").status, 101);
  EXPECT_EQ(read_by_bytes("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").close, true);
}

TEST(HttpResponse, OfOldServersCloses) {
  EXPECT_TRUE(read("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").close);
}

TEST(HttpResponse, WhatIsNoneIsBroken) {
  for (const char* bytes :
       {"220 smtp ready\r\n\r\n", "HTTP/1.1 2x0 OK\r\nnofield\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    EXPECT_EQ(read(bytes).form, Form::kBroken) << bytes;
  }
}

}  // namespace
}  // namespace herald::load

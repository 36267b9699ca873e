#include "load/stamp.h"

#include <gtest/gtest.h>

namespace herald::load {
namespace {

constexpr std::uint32_t kRun = 0x0badcafe;

std::string delivery(std::uint64_t sequence, const std::string& id) {
  std::string out = R"({"messageType":"notification","message":")";
  append_stamped(out, kRun, Stamp{sequence, 123456789, 7}, 80);
  return out + R"(","messageId": ")" + id + R"(","url":"http://h/notify/ab"})";
}

TEST(Stamp, HasItsDocumentedBytes) {
  std::string text;
  append_stamped(text, kRun, Stamp{0x10000000007, 0xa3b12cd34ef, 0x12}, kStampBytes + 4);
  EXPECT_EQ(text, "hb0badcafe.0000010000000007.00000a3b12cd34ef.00000012.xxxx");
}

TEST(Stamp, OneDeliveryIsFoundWithItsId) {
  const std::string frame = "[" + delivery(41, "00ab") + "]";
  DeliveryScanner scanner(frame, kRun);
  const auto found = scanner.next();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->stamp, (Stamp{41, 123456789, 7}));
  EXPECT_EQ(found->message_id, "00ab");
  EXPECT_FALSE(scanner.next());
}

TEST(Stamp, EachDeliveryOfAnArrayHasItsOwnId) {
  const std::string array = "[" + delivery(1, "aa") + "," + delivery(2, "bb") + "," + delivery(3, "cc") + "]";
  DeliveryScanner scanner(array, kRun);
  for (const auto& [sequence, id] : {std::pair(1U, "aa"), std::pair(2U, "bb"), std::pair(3U, "cc")}) {
    const auto found = scanner.next();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->stamp.sequence, sequence);
    EXPECT_EQ(found->message_id, id);
  }
  EXPECT_FALSE(scanner.next());
}

TEST(Stamp, AnIdBeforeTheMessageIsFoundToo) {
  std::string frame = R"({"messageId":"first","message":")";
  append_stamped(frame, kRun, Stamp{9, 1, 1}, 60);
  frame += R"("})";
  EXPECT_EQ(DeliveryScanner(frame, kRun).next()->message_id, "first");
}

TEST(Stamp, OtherRunsAndDamageAreNoDeliveries) {
  const std::string frame = delivery(1, "aa");
  EXPECT_FALSE(DeliveryScanner(frame, kRun + 1).next());
  EXPECT_FALSE(DeliveryScanner(std::string_view(frame).substr(0, 70), kRun).next());
  EXPECT_FALSE(DeliveryScanner("OK", kRun).next());
  EXPECT_FALSE(DeliveryScanner("hb0badcafe.zzzz010000000007.00000a3b12cd34ef.00000012.", kRun).next());
}

TEST(StringMember, IsTheNamedOneOnly) {
  EXPECT_EQ(string_member(R"({"xurl":"no","url":"yes"})", "url"), "yes");
  EXPECT_EQ(string_member(R"({"url" : "spaced"})", "url"), "spaced");
  EXPECT_EQ(string_member(R"({"url":5})", "url"), "");
  EXPECT_EQ(string_member(R"({"a":"url"})", "url"), "");
}

}  // namespace
}  // namespace herald::load

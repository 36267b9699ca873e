#include "app/token_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "app/files.h"
#include "app/test_folder.h"

namespace herald::app {
namespace {

using testing::HasSubstr;

const std::string kHex(64, 'a');

TEST(TokenKeys, ReadsHexAndBase64AndSkipsComments) {
  SeededRandom random(1);
  const std::string base64 = make_token_key(random);
  const auto keys = parse_token_keys("# the first signs\n" + base64 + "\n" + kHex + "\r\n");
  ASSERT_TRUE(keys) << keys.error().message;
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ(keys->at(0).size(), kTokenKeyBytes);
  EXPECT_EQ(keys->at(1), std::vector<std::uint8_t>(32, 0xaa));
}

TEST(TokenKeys, NamesTheBadLineAndNotItsText) {
  const auto short_key = parse_token_keys(kHex + "\nabcd\n");
  ASSERT_FALSE(short_key);
  EXPECT_THAT(short_key.error().message, HasSubstr("line 2 has fewer than 32 bytes"));
  const auto nonsense = parse_token_keys("secret secret!\n");
  ASSERT_FALSE(nonsense);
  EXPECT_THAT(nonsense.error().message, HasSubstr("line 1 is neither"));
  EXPECT_THAT(nonsense.error().message, testing::Not(HasSubstr("secret")));
  EXPECT_FALSE(parse_token_keys("# nothing\n"));
}

TEST(TokenKeys, AreMadeOnceForTheOwnerOnly) {
  const TestFolder folder;
  const std::string file = folder.path() + "/token.keys";
  SystemRandom random;
  const auto made = read_or_make_token_keys(file, random);
  ASSERT_TRUE(made) << made.error().message;
  struct stat status{};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  const auto again = read_or_make_token_keys(file, random);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *made);
}

TEST(Files, ANewFileReplacesNothing) {
  const TestFolder folder;
  const std::string file = folder.path() + "/x";
  ASSERT_TRUE(write_new_file(file, "one", 0600));
  const Status again = write_new_file(file, "two", 0600);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(read_file(file), "one");
  EXPECT_EQ(read_file(folder.path() + "/y").error().kind, ErrorKind::kNotFound);
}

}  // namespace
}  // namespace herald::app

#include "transport/descriptor_table.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <thread>

namespace herald::transport {
namespace {

bool is_open(int descriptor) {
  return fcntl(descriptor, F_GETFD) >= 0;
}

TEST(DescriptorTable, AThreadKeepsWhatItIsToldAndNothingElse) {
  const int kept = eventfd(0, EFD_CLOEXEC);
  const int other = eventfd(0, EFD_CLOEXEC);
  int opened_there = -1;
  std::thread([&] {
    ASSERT_TRUE(own_descriptor_table({kept, kept, 1}));
    EXPECT_TRUE(is_open(kept));
    EXPECT_TRUE(is_open(2));
    EXPECT_FALSE(is_open(other));
    opened_there = eventfd(0, EFD_CLOEXEC);
    EXPECT_EQ(eventfd_write(kept, 7), 0);
  }).join();
  EXPECT_GE(opened_there, 3);
  EXPECT_TRUE(is_open(other)) << "this thread's table is as it was";
  eventfd_t value = 0;
  EXPECT_EQ(eventfd_read(kept, &value), 0);
  EXPECT_EQ(value, 7U) << "both tables name the same file";
  const int both[] = {kept, other};
  close_descriptors(both);
  EXPECT_FALSE(is_open(kept));
  EXPECT_FALSE(is_open(other));
}

}  // namespace
}  // namespace herald::transport

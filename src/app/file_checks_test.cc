#include "app/file_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "app/files.h"
#include "app/test_folder.h"

namespace herald::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct ExposedFiles : testing::Test {
  TestFolder folder;
  std::string file = folder.path() + "/secret";
  Configuration configuration;

  ExposedFiles() {
    configuration.store = StoreKind::kMemory;
    EXPECT_TRUE(write_new_file(file, "x", 0600));
  }
  void set_mode(mode_t mode) const { ASSERT_EQ(::chmod(file.c_str(), mode), 0); }
};

TEST_F(ExposedFiles, AreThoseThatOthersReadOrWrite) {
  configuration.token_key_file = file;
  for (const mode_t mode : std::vector<mode_t>{0600, 0400, 0640}) {
    set_mode(mode);
    EXPECT_THAT(exposed_files(configuration), IsEmpty()) << mode;
  }
  for (const mode_t mode : std::vector<mode_t>{0604, 0644, 0602, 0660}) {
    set_mode(mode);
    EXPECT_THAT(exposed_files(configuration), ElementsAre(HasSubstr("token_key_file: " + file))) << mode;
  }
  EXPECT_THAT(exposed_files(configuration), ElementsAre(HasSubstr("mode 0660")));
}

TEST_F(ExposedFiles, EveryOptionWithASecretIsLookedAt) {
  set_mode(0644);
  configuration.tls_key = configuration.token_key_file = configuration.mongodb_uri_file =
      configuration.broker_password_file = file;
  EXPECT_EQ(exposed_files(configuration).size(), 4U);
}

TEST_F(ExposedFiles, TheDataFoldersOwnKeysToo) {
  configuration.store = StoreKind::kRocksDb;
  configuration.data = folder.path();
  EXPECT_THAT(exposed_files(configuration), IsEmpty()) << "there are none yet";
  ASSERT_TRUE(write_new_file(folder.path() + "/token.keys", "x", 0600));
  ASSERT_EQ(::chmod((folder.path() + "/token.keys").c_str(), 0644), 0);
  EXPECT_THAT(exposed_files(configuration), ElementsAre(HasSubstr("token.keys")));
}

}  // namespace
}  // namespace herald::app

#include "app/configuration_reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/configuration_file.h"
#include "app/files.h"
#include "app/options.h"

namespace herald::app {
namespace {

using testing::HasSubstr;

TEST(ConfigurationReference, TheFileInDocsIsWhatTheProgramPrints) {
  const auto file = read_file(std::string(HERALD_SOURCE_DIR) + "/docs/configuration.md");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(*file == configuration_reference()) << "run: herald check-config --reference > docs/configuration.md";
}

TEST(ConfigurationReference, TheExampleFileIsAValidConfiguration) {
  const auto file = read_configuration_file(std::string(HERALD_SOURCE_DIR) + "/deploy/herald.example.toml");
  EXPECT_THAT(file.errors, testing::IsEmpty());
  EXPECT_THAT(resolve({}, {}, file.settings).errors, testing::IsEmpty());
}

TEST(ConfigurationReference, NamesEveryOption) {
  const std::string reference = configuration_reference();
  for (const auto& option : options()) {
    EXPECT_THAT(reference,
                HasSubstr(option.is_limit ? "`" + option.path.substr(7) + "`" : "`" + option.variable() + "`"));
    EXPECT_THAT(reference, HasSubstr(option.doc));
  }
}

TEST(ConfigurationReference, EveryExampleIsAcceptedByItsOption) {
  for (const auto& option : options()) {
    if (option.is_limit) continue;
    Configuration configuration;
    EXPECT_TRUE(option.set(configuration, option.split(option.example))) << option.path;
    EXPECT_TRUE(option.set(configuration, option.split(option.standard))) << option.path;
  }
}

TEST(Explain, ShowsWhatWasSetFirstWithItsOrigin) {
  const Resolved resolved = resolve({{"loops", {{"3"}, "flag --loops"}}}, {}, {});
  const std::string text = explain(resolved);
  EXPECT_TRUE(text.starts_with("loops"));
  EXPECT_THAT(text, HasSubstr("flag --loops\n"));
  EXPECT_THAT(text, HasSubstr("limits.pending_page"));
}

}  // namespace
}  // namespace herald::app

# Packages, warnings, sanitizers and the linker, in one place.
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(RocksDB REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
if(HERALD_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror -fno-omit-frame-pointer)
# libstdc++'s std::string operator+ trips a false -Wrestrict in g++ 12 at -O2.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-restrict)
endif()

if(HERALD_SANITIZE)
  add_compile_options(-fsanitize=${HERALD_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HERALD_SANITIZE})
  # With sanitizers g++ 12 loses track of what boost::optional has set.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
endif()

find_program(HERALD_MOLD mold)
if(HERALD_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

find_program(HERALD_CCACHE ccache)
if(HERALD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${HERALD_CCACHE})
endif()

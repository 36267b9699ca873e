# Packages, warnings, sanitizers and the linker, in one place.
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(fmt REQUIRED)
find_package(RocksDB REQUIRED)
find_package(mongoc-1.0 1.23 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
if(HERALD_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror -fno-omit-frame-pointer)
# g++ 12 at -O2 sees these in libstdc++ strings where there are none.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()

if(HERALD_SANITIZE)
  add_compile_options(-fsanitize=${HERALD_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HERALD_SANITIZE})
  # With sanitizers g++ 12 loses track of what boost::optional has set.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
endif()

# What makes a memory fault in Herald or its libraries hard to use (SECURITY.md): bounds checks of libc and libstdc++,
# guarded return addresses, addresses that differ at each start, and tables of pointers that nobody writes. Sanitizers and
# the simulator check more. tests/security/test_hardening.py looks at the binary.
option(HERALD_HARDEN "Harden an optimised build" ON)
if(HERALD_HARDEN AND NOT HERALD_SANITIZE AND NOT HERALD_SIMULATION AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS -fstack-protector-strong
    -fstack-clash-protection -fPIE)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options(-fcf-protection=full)
  endif()
  add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()

# A good part of a notification's memory is freed by another thread than took it, which costs jemalloc much less than
# glibc's malloc. Sanitizers bring an allocator of their own.
if(NOT HERALD_SANITIZE)
  find_library(HERALD_JEMALLOC jemalloc REQUIRED)
endif()

# International domain names, for base/origin.h.
find_library(HERALD_IDN2 idn2 REQUIRED)

find_program(HERALD_MOLD mold)
if(HERALD_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

find_program(HERALD_CCACHE ccache)
if(HERALD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${HERALD_CCACHE})
endif()

# Precompiled headers cost a rebuild of everything when they change and save a third of a build from nothing.
option(HERALD_PCH "Read the standard library and GoogleTest once, not for every source" OFF)
if(HERALD_PCH)
  add_library(herald_pch OBJECT ${CMAKE_SOURCE_DIR}/cmake/pch/empty.cc)
  target_precompile_headers(herald_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch/library.h)
  if(HERALD_BUILD_TESTS)
    add_library(herald_test_pch OBJECT ${CMAKE_SOURCE_DIR}/cmake/pch/empty.cc)
    target_link_libraries(herald_test_pch PRIVATE GTest::gmock)
    target_precompile_headers(herald_test_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch/test.h)
  endif()
endif()

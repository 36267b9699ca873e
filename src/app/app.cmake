# What the app library needs besides its sources: its version, and the web pages as bytes.
target_compile_definitions(herald_app PRIVATE HERALD_VERSION="${PROJECT_VERSION}")

file(GLOB herald_web_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/*)
set(herald_web_source ${CMAKE_BINARY_DIR}/generated/web_files.cc)
add_custom_command(
  OUTPUT ${herald_web_source}
  COMMAND ${CMAKE_COMMAND} -DOUT=${herald_web_source} "-DFILES=${herald_web_files}" -P ${CMAKE_SOURCE_DIR}/src/app/embed_web.cmake
  DEPENDS ${herald_web_files} ${CMAKE_SOURCE_DIR}/src/app/embed_web.cmake
  VERBATIM)
# A library of its own, so that compiling herald_app waits for nothing.
add_library(herald_web_files STATIC ${herald_web_source})
target_include_directories(herald_web_files PRIVATE ${CMAKE_BINARY_DIR}/include-roots/app)
target_link_libraries(herald_app PRIVATE herald_web_files)
set_source_files_properties(${CMAKE_SOURCE_DIR}/src/app/configuration_reference_test.cc PROPERTIES
  COMPILE_DEFINITIONS HERALD_SOURCE_DIR="${CMAKE_SOURCE_DIR}")

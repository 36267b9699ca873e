#pragma once
// Whether the token keys of a start are those that the stored devices and subscriptions were made with. The store notes
// fingerprints of the keys; a start needs one of them among its own keys, so that keys can be added and taken away one
// by one (docs/operations.md).

#include <expected>
#include <string>

#include "app/configuration.h"
#include "app/exit_code.h"
#include "app/stores.h"
#include "app/token_keys.h"
#include "base/log.h"

namespace herald::app {

// One line for each key: a hash of it that says nothing about it.
[[nodiscard]] std::string fingerprints(const TokenKeys& keys);

// Before keys are made in `file`, which does not exist: kDataDamaged if the store knows devices, unless `missing` says
// to go on. kDataUnusable: the store can't be read.
[[nodiscard]] std::expected<void, Failure> may_make_keys(Stores& stores, const std::string& file, MissingData missing,
                                                         Log& log);

// After the keys were read from `file`: kDataDamaged if the store knows devices, and noted keys of which none is among
// `keys`, unless `missing` says to go on. Otherwise the store notes these keys; if it takes no write now, a later start
// notes them. kDataUnusable: the store can't be read.
[[nodiscard]] std::expected<void, Failure> check_owner(Stores& stores, const TokenKeys& keys, const std::string& file,
                                                       MissingData missing, Log& log);

}  // namespace herald::app

#pragma once
// What every adapter of MessageStore, DeliveryStore, Directory, ReceiptLog and ServerRegistry must do, as GoogleTest
// suites. An adapter's test includes this file once and, in namespace herald::ports::contract, says
//   HERALD_INSTANTIATE_STORE_CONTRACT(Name, factory);
// where `factory` is a StoreFactory.

#include "ports/contract/delivery_store_contract.h"
#include "ports/contract/directory_contract.h"
#include "ports/contract/location_contract.h"
#include "ports/contract/message_store_contract.h"
#include "ports/contract/message_upkeep_contract.h"
#include "ports/contract/pending_contract.h"
#include "ports/contract/receipt_log_contract.h"
#include "ports/contract/server_registry_contract.h"

#define HERALD_INSTANTIATE_STORE_CONTRACT(name, factory)                            \
  INSTANTIATE_TEST_SUITE_P(name, MessageStoreContract, testing::Values(factory));   \
  INSTANTIATE_TEST_SUITE_P(name, MessageUpkeepContract, testing::Values(factory));  \
  INSTANTIATE_TEST_SUITE_P(name, DeliveryStoreContract, testing::Values(factory));  \
  INSTANTIATE_TEST_SUITE_P(name, PendingContract, testing::Values(factory));        \
  INSTANTIATE_TEST_SUITE_P(name, ReceiptLogContract, testing::Values(factory));     \
  INSTANTIATE_TEST_SUITE_P(name, ServerRegistryContract, testing::Values(factory)); \
  INSTANTIATE_TEST_SUITE_P(name, DirectoryContract, testing::Values(factory));      \
  INSTANTIATE_TEST_SUITE_P(name, LocationContract, testing::Values(factory))

#include "adapters/rocksdb/engine/spill.h"

#include <algorithm>
#include <chrono>

namespace herald::adapters {

namespace {

// One commit writes so many rows of spilled messages, unless memory is short.
constexpr std::size_t kSpilledRowsMost = 8'192;

class SpillPlan {
 public:
  SpillPlan(Transaction& txn, bool all) : txn_(txn), all_(all), bytes_(txn.state().in_flight().bytes()) {}

  [[nodiscard]] std::vector<SpillStep> make() {
    for (const auto& id : txn_.state().in_flight().order()) {
      const auto* in_flight = txn_.state().in_flight().find(id);
      // The commit takes out what has ended.
      if (in_flight == nullptr || is_final(in_flight->receipt.end)) continue;
      if (!add(*in_flight)) break;
    }
    return std::move(steps_);
  }

 private:
  // False: it, and what follows, stays.
  [[nodiscard]] bool add(const InFlightMessage& in_flight) {
    const std::chrono::milliseconds age(txn_.limits().young_ms);
    const bool memory_short = all_ || bytes_ > txn_.limits().young_bytes;
    if (!memory_short && (txn_.mono() < in_flight.since + age || left_ == 0)) return false;
    const Receipt& receipt = in_flight.receipt;
    const std::size_t deliveries = receipt.deliveries.size();
    const bool keeps_own = receipt.rows_written == 0 && deliveries <= kInlineDeliveriesMax;
    const std::size_t most = keeps_own || all_ ? deliveries : memory_short ? kSpilledRowsMost : left_;
    SpillStep step{.id = receipt.id, .rows_written = std::min(deliveries, receipt.rows_written + most)};
    write_deliveries(receipt, step.rows_written, keeps_own);
    step.whole = step.rows_written == deliveries;
    if (step.whole) write_receipt(receipt, keeps_own);
    left_ -= std::min(left_, step.rows_written - receipt.rows_written + 1);
    if (step.whole) bytes_ -= InFlight::bytes_of(in_flight);
    steps_.push_back(step);
    return step.whole;
  }

  // What waits for the devices, and unless the receipt will hold them, the deliveries; those of the acknowledged were
  // written with the ack.
  void write_deliveries(const Receipt& receipt, std::size_t end, bool keeps_own) {
    const std::string pending = encode_pending({receipt.app, receipt.expires_at});
    for (std::size_t i = receipt.rows_written; i < end; ++i) {
      const auto& delivery = receipt.deliveries[i];
      if (!keeps_own && delivery.state != DeliveryState::kAcked) {
        txn_.rows().put_blind(Family::kDeliveries, delivery_key(receipt.id, delivery.user_agent),
                              encode_delivery(delivery));
      }
      if (is_final(delivery.state)) continue;
      txn_.rows().put_blind(Family::kPending, pending_key({delivery.user_agent, receipt.priority, receipt.id}),
                            pending);
    }
  }

  void write_receipt(const Receipt& receipt, bool keeps_own) {
    if (keeps_own && receipt.ack_rows > 0) {
      for (const auto& delivery : receipt.deliveries) {
        if (delivery.state != DeliveryState::kAcked) continue;
        txn_.rows().remove_blind(Family::kDeliveries, delivery_key(receipt.id, delivery.user_agent));
      }
    }
    txn_.write_indexes(receipt);
    Receipt stored = stored_form(receipt);
    if (!keeps_own) {
      stored.spilled = true;
      stored.deliveries.clear();
    }
    txn_.rows().put_blind(Family::kReceipts, std::string(receipt.id.view()), encode_receipt(stored));
  }

  Transaction& txn_;
  const bool all_;
  std::size_t bytes_;
  std::size_t left_ = kSpilledRowsMost;
  std::vector<SpillStep> steps_;
};

}  // namespace

std::vector<SpillStep> plan_spill(Transaction& txn, bool all) {
  return SpillPlan(txn, all).make();
}

void apply_spill(State& state, const std::vector<SpillStep>& steps) {
  for (const auto& step : steps) {
    if (step.whole) {
      state.spilled_whole(step.id);
    } else {
      state.spilled(step.id, step.rows_written);
    }
  }
}

}  // namespace herald::adapters

#include "load/echo_traffic.h"

namespace herald::load {

EchoTraffic::EchoTraffic(Site& site, DevicePool& devices) : site_(site), devices_(devices), timer_(site.loop) {}

void EchoTraffic::start(double rate, MonoTime end) {
  end_ = end;
  schedule_.reset();
  if (devices_.size() == 0) {
    end_.reset();
  } else if (rate > 0) {
    schedule_.emplace(site_.run.clock.mono(), rate);
  } else {
    devices_.on_arrival([this](std::uint32_t place) {
      const MonoTime now = site_.run.clock.mono();
      if (end_ && now < *end_) send(place, now.ns);
    });
    for (std::uint32_t place = 0; place < devices_.size(); ++place) send(place, site_.run.clock.mono().ns);
  }
}

void EchoTraffic::pump() {
  if (!end_) return;
  const MonoTime now = site_.run.clock.mono();
  if (!schedule_) {
    if (now >= *end_) end_.reset();
    return;
  }
  while (schedule_->next() <= now && schedule_->next() < *end_) {
    send(static_cast<std::uint32_t>(schedule_->taken() % devices_.size()), schedule_->next().ns);
    schedule_->take();
  }
  if (schedule_->next() >= *end_) {
    end_.reset();
  } else {
    timer_.arm(schedule_->next());
  }
}

void EchoTraffic::send(std::uint32_t place, std::int64_t intended_ns) {
  if (devices_.state(place) != DeviceState::kReady) return;
  const auto app = static_cast<std::uint32_t>(devices_.device_number(place) % site_.plan().apps);
  const std::uint64_t sequence = site_.run.ledger.begin(site_.number, app);
  site_.run.ledger.settle(sequence, Outcome::kAccepted);
  site_.counters.begun.add();
  site_.counters.accepted.add();
  site_.counters.owed.add();
  text_.clear();
  append_stamped(text_, site_.plan().run, {sequence, intended_ns, app}, site_.plan().bytes);
  devices_.send_text(place, text_);
}

}  // namespace herald::load

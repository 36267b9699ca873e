#pragma once
// The application servers of a run: they post, replace, cancel and ask for receipts, and tell the model what they were
// answered.

#include <functional>
#include <string>
#include <vector>

#include "simulation/system/model.h"
#include "simulation/system/process.h"

namespace herald::simulation::system {

class Senders {
 public:
  // Asks some application server that serves, any loop of it; answered with nullopt if none does.
  using Ask = std::function<void(HttpAsk what, HttpAnswered then)>;

  // `apps`: the WA tokens of the 2012 apps.
  Senders(Site& site, std::vector<std::string> apps, Ask ask);

  // One request of some kind, drawn.
  void act();
  // A message that lasts, to one app.
  void post(const std::string& app) { post_2012(app, "", 0); }
  [[nodiscard]] std::size_t unanswered() const { return unanswered_; }

 private:
  void post_2012(const std::string& app, const std::string& key, std::uint32_t ttl_s);
  void posted(std::uint64_t number, const std::optional<transport::HttpResponse>& response);
  void ask_receipt();
  void cancel();
  // An accepted message, drawn; null: there is none.
  [[nodiscard]] const MessageId* accepted_one();
  [[nodiscard]] std::string url_of(const MessageId& id) const;
  void ask(HttpAsk what, HttpAnswered then);

  Site& site_;
  std::vector<std::string> apps_;
  Ask ask_;
  std::vector<MessageId> accepted_;
  std::size_t unanswered_ = 0;
};

}  // namespace herald::simulation::system

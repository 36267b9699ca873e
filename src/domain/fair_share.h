#pragma once
// Which of a device's pending messages go into an answer of bounded size, so that an app whose messages are never acked
// costs the device's other apps nothing: no app gets a place that an app with fewer of them could use. What an app gets
// are its oldest messages, in their order.

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "domain/ids.h"
#include "domain/message.h"

namespace herald {

// One thread. Holds at most `places` messages, and a few bytes for each app.
class FairShare {
 public:
  // `places` is at least 1.
  explicit FairShare(std::size_t places) : places_(places) {}

  // The next pending message, in ascending order of ids. It may take the place of another app's newest one.
  void offer(const MessagePtr& message);
  // No message could change the answer any more, whatever app it is of.
  [[nodiscard]] bool settled() const;
  // What goes into the answer, in ascending order of ids.
  [[nodiscard]] std::vector<MessagePtr> take() { return std::move(messages_); }
  [[nodiscard]] std::size_t size() const { return messages_.size(); }

 private:
  struct Share {
    std::size_t places = 0;
    bool closed = false;  // one of its messages was left out, so that none after it may come in
  };
  // Takes the newest message from the app that has most, if that has at least two more than `places`.
  [[nodiscard]] bool make_room(std::size_t places);

  std::size_t places_;
  std::vector<MessagePtr> messages_;
  std::unordered_map<AppId, Share, IdHash> shares_;
};

}  // namespace herald

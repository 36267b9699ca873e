#include <fmt/format.h>

#include <iostream>

#include "app/commands/client.h"
#include "app/commands/commands.h"
#include "app/commands/notification_body.h"
#include "app/commands/receipt_table.h"
#include "app/commands/terminal.h"

namespace herald::app {

namespace {

Failure refused(const transport::ClientResponse& response) {
  return {ExitCode::kFailed, "refused (" + std::to_string(response.status) + "): " + refusal_reason(response)};
}

std::string with_query(const std::string& url, const std::string& parameter) {
  return url + (url.find('?') == std::string::npos ? '?' : '&') + parameter;
}

int show_receipt(Client& client, const std::string& url) {
  const Terminal terminal = Terminal::of_standard_output();
  std::string cursor;
  do {
    const auto response = client.fetch("GET", cursor.empty() ? url : with_query(url, "after=" + cursor));
    if (!response) return report(failure_of(response.error()));
    if (response->status != 200) return report(refused(*response));
    const auto page = receipt_page(response->body, terminal);
    if (!page) return report({ExitCode::kFailed, page.error().message});
    if (cursor.empty()) {
      std::cout << page->head << '\n';
      if (!page->deliveries.empty()) {
        std::cout << terminal.dim(fmt::format("{:<16}  {:<10}  {:<24}  {:<24}  {}", "device", "state", "routed", "sent",
                                              "ended"))
                  << '\n';
      }
    }
    std::cout << page->deliveries;
    cursor = page->next;
  } while (!cursor.empty());
  return 0;
}

// Any number of messages, of any subscriptions, under one receipt subscription.
int show_receipt_list(Client& client, const std::string& url) {
  const Terminal terminal = Terminal::of_standard_output();
  std::string query;
  do {
    const auto response = client.fetch("GET", url + query);
    if (!response) return report(failure_of(response.error()));
    if (response->status != 200) return report(refused(*response));
    const auto page = receipt_list_page(response->body, terminal);
    if (!page) return report({ExitCode::kFailed, page.error().message});
    if (query.empty()) {
      std::cout << terminal.dim(fmt::format("{:<10}  {:<24}  {:<24}  {}", "state", "accepted", "ended", "message"))
                << '\n';
    }
    std::cout << page->deliveries;
    query = page->next;
  } while (!query.empty());
  return 0;
}

// The name of the last folder of a URL's path: "r" of "http://h/prefix/r/abc".
std::string_view last_folder(std::string_view url) {
  url = url.substr(0, url.find('?'));
  url = url.substr(0, url.rfind('/'));
  return url.substr(url.rfind('/') + 1);
}

int show_server(Client& client, const std::string& server) {
  const std::string url = server.ends_with("/status") ? server : server + "/status";
  const auto response = client.fetch("GET", url);
  if (!response) return report(failure_of(response.error()));
  std::cout << object_lines(response->body, Terminal::of_standard_output());
  return response->status == 200 ? 0 : static_cast<int>(ExitCode::kFailed);
}

}  // namespace

int run(const StatusCommand& command) {
  Client client(command.trust);
  const std::string url = base_url(command.url);
  if (!command.id.empty()) return show_receipt(client, receipt_url(url, command.id));
  if (url.find("/messages/") != std::string::npos) return show_receipt(client, url);
  if (url.find("/notify/") != std::string::npos) {
    return report({ExitCode::kUsage, "a notify URL needs --id, the id of the message to ask for"});
  }
  const std::string_view folder = last_folder(url);
  if (folder == "r") return show_receipt_list(client, url);
  if (folder == "m" || url.find("/wpush/") != std::string::npos || url.find("/spush/") != std::string::npos) {
    return report({ExitCode::kUsage,
                   "a subscription, or a message of one, has no status of its own: send with --receipt, and give the "
                   "receipt's URL (…/r/…) here"});
  }
  return show_server(client, url);
}

}  // namespace herald::app

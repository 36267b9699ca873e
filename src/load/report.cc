#include "load/report.h"

#include <fmt/format.h>

#include <cmath>

namespace herald::load {

namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>
:root { --ink: #1c2430; --dim: #5d6a7a; --paper: #f6f7f9; --card: #ffffff; --edge: #dde2e8;
  --a: #1f6feb; --b: #d1540c; --c: #1a7f4b; --bad: #b42318; --good: #1a7f4b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9f0; --dim: #98a5b5; --paper: #12161c; --card: #1a2029;
  --edge: #2c3541; --a: #6cb0ff; --b: #ff9d5c; --c: #5fd394; --bad: #ff8a80; --good: #5fd394; } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1000px; padding: 2rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums }
h1 { margin: 0; font-size: 1.6rem } h2 { margin: 2.2rem 0 .6rem; font-size: 1.1rem }
header p { margin: .2rem 0 0; color: var(--dim) }
.verdict { display: inline-block; margin: 1rem 0; padding: .25rem .8rem; border-radius: 99px; border: 1px solid;
  font-weight: 600 } .good { color: var(--good) } .bad { color: var(--bad) }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: .8rem }
.tile, figure, .card { background: var(--card); border: 1px solid var(--edge); border-radius: 10px }
.tile { padding: .8rem 1rem } .tile b { display: block; font-size: 1.5rem; line-height: 1.25 }
.tile span { color: var(--dim); font-size: .85rem }
figure { margin: .9rem 0; padding: .9rem 1rem } figcaption { font-weight: 600 } small { color: var(--dim); font-weight: 400 }
svg { display: block; width: 100%; height: auto; margin-top: .4rem }
svg text { fill: var(--dim); font-size: 12px } .grid { stroke: var(--edge); stroke-width: 1 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round } .a { stroke: var(--a) } .b { stroke: var(--b) } .c { stroke: var(--c) }
.legend { margin: .3rem 0 0; font-size: .85rem; color: var(--dim) } .legend span { margin-right: 1.2rem }
.legend span::before { content: ""; display: inline-block; width: 1.1em; height: 3px; margin-right: .4em; vertical-align: middle; background: currentColor }
.legend .a::before { background: var(--a) } .legend .b::before { background: var(--b) } .legend .c::before { background: var(--c) }
.card { padding: .3rem 1rem; overflow-x: auto } table { width: 100%; border-collapse: collapse }
td { padding: .35rem 0; border-bottom: 1px solid var(--edge) } tr:last-child td { border: 0 } td:last-child { text-align: right }
</style>)";

std::string grouped(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) digits.insert(at, ",");
  return digits;
}

std::string latency_text(double ms) {
  return ms < 1'000 ? fmt::format("{:.2f} ms", ms) : fmt::format("{:.2f} s", ms / 1'000);
}

std::string tile(std::string_view value, std::string_view name) {
  return fmt::format("<div class=\"tile\"><b>{}</b><span>{}</span></div>", html_escaped(value), html_escaped(name));
}

std::string tiles(const Summary& summary) {
  std::string out = "<div class=\"tiles\">";
  out += tile(grouped(summary.per_second()), "deliveries a second");
  if (const auto per_core = summary.per_server_core_second()) out += tile(grouped(*per_core), "a server core second");
  out += tile(latency_text(summary.latency_ms.p50), "median latency");
  out += tile(latency_text(summary.latency_ms.p99), "p99 latency");
  if (summary.server_user_bytes_per_device) {
    out += tile(fmt::format("{:.2f} KB", *summary.server_user_bytes_per_device / 1024), "server memory a device");
  }
  if (summary.registrations_per_second > 0) {
    out += tile(grouped(summary.registrations_per_second), "registrations a second");
  }
  return out + "</div>\n";
}

// Growth a second between samples.
template <class Value>
std::vector<std::pair<double, double>> slope(const std::vector<Sample>& samples, Value value) {
  std::vector<std::pair<double, double>> points;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    const double span = samples[i].at_s - samples[i - 1].at_s;
    if (span > 0) {
      points.emplace_back(samples[i].at_s, static_cast<double>(value(samples[i]) - value(samples[i - 1])) / span);
    }
  }
  return points;
}

Plot latency_curve(const Summary& summary) {
  // The further right, the rarer: 90 %, 99 %, 99.9 % are equally far apart.
  const auto place = [](double percent) { return -std::log10(1 - percent / 100); };
  Plot plot{"Latency by percentile", "percent of deliveries", "ms, logarithmic", {}, {}, true};
  PlotLine line{"intended start to arrival", "a", {}};
  for (std::size_t i = 0; i < summary.curve_ms.size(); ++i) {
    line.points.emplace_back(place(curve_percents()[i]), summary.curve_ms[i]);
  }
  plot.lines.push_back(std::move(line));
  for (const char* tick : {"0", "50", "90", "99", "99.9", "99.99"})
    plot.x_ticks.emplace_back(place(std::atof(tick)), tick);
  return plot;
}

Plot latency_over_time(const Summary& summary) {
  Plot plot{"Latency over time",
            "seconds",
            "ms, logarithmic",
            {{"p50", "a", {}}, {"p99", "b", {}}, {"max", "c", {}}},
            {},
            true};
  for (std::size_t i = 0; i < summary.seconds.size(); ++i) {
    const auto& second = summary.seconds[i];
    if (second.max <= 0) continue;
    const double at = static_cast<double>(i) + 0.5;
    plot.lines[0].points.emplace_back(at, second.p50);
    plot.lines[1].points.emplace_back(at, second.p99);
    plot.lines[2].points.emplace_back(at, second.max);
  }
  return plot;
}

Plot throughput(const Summary& summary) {
  return {"Throughput",
          "seconds",
          "a second",
          {{"delivered", "a", slope(summary.samples, [](const Sample& s) { return s.delivered; })},
           {"accepted", "b", slope(summary.samples, [](const Sample& s) { return s.accepted; })}},
          {},
          false};
}

Plot processor(const Summary& summary) {
  return {"Processor",
          "seconds",
          "cores",
          {{"server", "a", slope(summary.samples, [](const Sample& s) { return s.server_cpu_s; })},
           {"bench", "b", slope(summary.samples, [](const Sample& s) { return s.bench_cpu_s; })}},
          {},
          false};
}

Plot memory(const Summary& summary) {
  PlotLine line{"server, anonymous resident", "a", {}};
  for (const auto& sample : summary.samples) {
    line.points.emplace_back(sample.at_s, static_cast<double>(sample.server_user_bytes) / (1024 * 1024));
  }
  return {"Memory", "seconds", "MiB", {std::move(line)}, {}, false};
}

std::string figures(const Summary& summary) {
  std::string out = "<div class=\"card\"><table>";
  const auto row = [&out](std::string_view name, const std::string& value) {
    out += fmt::format("<tr><td>{}</td><td>{}</td></tr>", html_escaped(name), html_escaped(value));
  };
  const auto count = [&row](std::string_view name, std::uint64_t value) {
    row(name, grouped(static_cast<double>(value)));
  };
  count("accepted", summary.totals.accepted);
  count("delivered", summary.totals.delivered);
  count("owed", summary.totals.owed);
  count("lost", summary.totals.lost);
  count("late", summary.late);
  count("repeats", summary.repeats);
  count("replaced before delivery", summary.totals.replaced);
  count("expired before delivery", summary.totals.expired);
  count("refused", summary.totals.refused);
  count("unanswered", summary.totals.unknown);
  count("disconnected by the server", summary.disconnects);
  row("receipts acked", fmt::format("{} of {} sampled", summary.receipts_acked, summary.receipts_sampled));
  row("seconds", fmt::format("{:.2f}", summary.elapsed_s));
  row("latency p50 / p90 / p99 / p99.9 / max, ms",
      fmt::format("{:.2f} / {:.2f} / {:.2f} / {:.2f} / {:.2f}", summary.latency_ms.p50, summary.latency_ms.p90,
                  summary.latency_ms.p99, summary.latency_ms.p999, summary.latency_ms.max));
  if (summary.server_cpu_s) row("server processor seconds", fmt::format("{:.2f}", *summary.server_cpu_s));
  row("bench processor seconds", fmt::format("{:.2f}", summary.bench_cpu_s));
  if (summary.server_kernel_bytes_per_device) {
    row("kernel bytes a device", grouped(*summary.server_kernel_bytes_per_device));
  }
  return out + "</table></div>\n";
}

}  // namespace

std::string to_html(const Summary& summary) {
  std::string out(kHead);
  out += fmt::format("<title>herald bench {}</title></head><body>\n<header><h1>herald bench {}</h1>", summary.scenario,
                     summary.scenario);
  out += fmt::format("<p>{} · {} devices · {} apps · {} bytes · {}</p></header>", html_escaped(summary.target),
                     grouped(static_cast<double>(summary.devices)), grouped(static_cast<double>(summary.apps)),
                     summary.bytes, summary.rate > 0 ? fmt::format("{:g} a second", summary.rate) : "as many as go");
  out += summary.good() ? "<p class=\"verdict good\">✓ everything accepted arrived, in time</p>\n"
                        : "<p class=\"verdict bad\">✗ lost, late or not verified: see the figures</p>\n";
  out += tiles(summary);
  out += "<h2>Latency</h2>\n" + to_svg(latency_curve(summary)) + to_svg(latency_over_time(summary));
  out += "<h2>Throughput</h2>\n" + to_svg(throughput(summary));
  out += "<h2>Cost</h2>\n" + to_svg(processor(summary));
  if (summary.server_cpu_s) out += to_svg(memory(summary));
  return out + "<h2>Figures</h2>\n" + figures(summary) + "</body></html>\n";
}

}  // namespace herald::load

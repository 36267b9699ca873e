// Drives one Firefox for a test in another language. The launch options come as JSON in argv[2]; then one request a line
// on stdin, {"do", ...}, and one answer a line on stdout, {"value"} or {"error"}. The test decides how long to wait.
'use strict';

const readline = require('node:readline');
const puppeteer = require('puppeteer-core');

const { executablePath, profile, preferences } = JSON.parse(process.argv[2]);
const pages = [];

const actions = {
  async open({ url }) {
    const page = await browser.newPage();
    await page.goto(url, { timeout: 0 });
    return pages.push(page) - 1;
  },
  evaluate: ({ page, expression }) => pages[page].evaluate(expression),
  close: ({ page }) => pages[page].close(),
  quit: () => browser.close(),
};

let browser;

async function answer(line) {
  try {
    const request = JSON.parse(line);
    const value = await actions[request.do](request);
    return { value: value ?? null };
  } catch (error) {
    return { error: String(error.stack ?? error) };
  }
}

async function main() {
  browser = await puppeteer.launch({
    browser: 'firefox', executablePath, headless: true, userDataDir: profile, extraPrefsFirefox: preferences,
    timeout: 0,
  });
  console.log(JSON.stringify({ value: await browser.version() }));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(line)));
  }
  // The test ended without "quit".
  await browser.close();
}

main().then(() => process.exit(0), (error) => {
  console.log(JSON.stringify({ error: String(error.stack ?? error) }));
  process.exit(1);
});

// Sending through pools with mailgun.js: messages in parts, with files, and MIME messages.
// BASE_URL is where Mailgun is, API_KEY a key whose account is as new.

import assert from "node:assert/strict";
import FormData from "form-data";
import Mailgun from "mailgun.js";

const { BASE_URL, API_KEY } = process.env;
const MARKETING = "658041ae44842b99ee2eaa1c";
const UNKNOWN = "000000000000000000000000";
const NEWS = "news.example.com";

const { messages } = new Mailgun(FormData).client({ username: "api", key: API_KEY, url: BASE_URL });
const receipt = { from: `Shop <shop@${NEWS}>`, to: ["Bob <bob@example.org>", "eve@example.org"], subject: "Receipt" };

async function queued(promise, id = /^<[0-9]{14}\.[0-9a-f]{16}@news\.example\.com>$/) {
  const { id: found, ...rest } = await promise;
  assert.match(found, id);
  assert.deepEqual(rest, { status: 200, message: "Queued. Thank you." });
}

async function refused(promise, status, details) {
  const error = await promise.then(() => assert.fail("not refused"), (error) => error);
  assert.deepEqual([error.type, error.status, error.details], ["MailgunAPIError", status, details], error.stack);
}

await queued(messages.create(NEWS, { ...receipt, text: "Thank you", "o:sending-ip-pool": MARKETING }));
await queued(
  messages.create(NEWS, {
    ...receipt,
    html: "<p>Thank you</p>",
    "h:X-Mailgun-Sending-Ip-Pool": MARKETING,
    "o:tag": ["receipt", "shop"],
    "o:testmode": true,
    "recipient-variables": JSON.stringify({ "bob@example.org": { order: 7 } }),
    attachment: [{ data: Buffer.from([0xff, 0]), filename: "a.bin" }],
    inline: { data: "png", filename: "logo.png", contentType: "image/png" },
  }),
);
const mime = [
  `From: shop@${NEWS}`,
  "Subject: Receipt",
  "Message-Id: <receipt-7@example.org>",
  `X-Mailgun-Sending-Ip-Pool: ${MARKETING}`,
  "",
  "Thank you",
].join("\r\n");
const to = "bob@example.org";
await queued(messages.create(NEWS, { to, message: Buffer.from(mime) }), /^<receipt-7@example\.org>$/);
// A text is sent as a field without a file name.
await refused(messages.create(NEWS, { to, message: mime }), 400, "'message' parameter is not a file");
await refused(
  messages.create(NEWS, { ...receipt, text: "t", "o:sending-ip-pool": UNKNOWN }),
  403,
  `Rejected: IP pool ${UNKNOWN} can't be used to send the message`,
);
await refused(
  messages.create(NEWS, { ...receipt, to: "bob", text: "t" }),
  400,
  "to parameter is not a valid address. please check documentation",
);

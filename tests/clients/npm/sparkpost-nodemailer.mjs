// A message by nodemailer, through its transport for SparkPost.
// BASE_URL is where SparkPost is, API_KEY a key whose account is as new.

import assert from "node:assert/strict";
import nodemailer from "nodemailer";
import sparkPostTransport from "nodemailer-sparkpost-transport";

const { BASE_URL, API_KEY } = process.env;

const connect = (options) =>
  nodemailer.createTransport(sparkPostTransport({ sparkPostApiKey: API_KEY, endpoint: BASE_URL, ...options }));
const transport = connect({ options: { ip_pool: "marketing" } });
const message = {
  from: { name: "Example Shop", address: "shop@example.com" },
  to: "Wilma <wilma@example.com>",
  cc: "fred@example.com",
  subject: "Your receipt",
  html: "<p>Thank you.</p>",
  attachments: [{ filename: "a.txt", contentType: "text/plain", content: "SGk=" }],
};

const sent = await transport.sendMail(message);
assert.equal(sent.accepted, 2);
assert.equal(sent.rejected, 0);
assert.match(sent.messageId, /^[0-9]{17}$/);

const source = "From: shop@example.com\r\nSubject: Hello\r\n\r\nHi";
assert.equal((await transport.sendMail({ to: "wilma@example.com", raw: source })).accepted, 1);

await assert.rejects(transport.sendMail({ ...message, options: { ip_pool: "nope" } }), (error) => {
  assert.deepEqual(error.errors, [
    { message: "invalid data format/type", description: "IP Pool 'nope' does not exist", code: "1300" },
  ]);
  return true;
});
await assert.rejects(transport.sendMail({ to: "wilma@example.com", raw: "Subject: Hello\r\n\r\nHi" }), (error) => {
  assert.deepEqual(error.errors, [
    { message: "Invalid domain", description: "No sending domain specified", code: "7001" },
  ]);
  return true;
});

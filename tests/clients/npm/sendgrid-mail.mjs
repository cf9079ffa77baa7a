// Sending through a SendGrid IP pool, by @sendgrid/mail.
// BASE_URL is where SendGrid is, API_KEY a key whose account is as new.

import assert from "node:assert/strict";
import sendgrid from "@sendgrid/client";
import mail from "@sendgrid/mail";

const { BASE_URL, API_KEY } = process.env;
const client = new sendgrid.Client();
client.setApiKey(API_KEY);
client.setDefaultRequest("baseUrl", `${BASE_URL}/`); // after setApiKey, which resets it
mail.setClient(client);

const message = {
  to: "alex@example.com",
  from: { email: "orders@example.com", name: "Orders" },
  subject: "Your order",
  text: "Thank you.",
  html: "<b>Thank you.</b>",
  ipPoolName: "transactional",
  categories: ["orders"],
  customArgs: { order: "1" },
};

const [response, body] = await mail.send(message);
assert.equal(response.statusCode, 202);
assert.equal(body, "");
assert.equal(response.headers["x-message-id"].length, 22);

const each = await mail.sendMultiple({ ...message, to: ["alex@example.com", "bola@example.com"] });
assert.equal(each[0].statusCode, 202);

const [sandbox] = await mail.send({ ...message, mailSettings: { sandboxMode: { enable: true } } });
assert.equal(sandbox.statusCode, 200);

const template = { to: message.to, from: message.from, templateId: "d-1", dynamicTemplateData: { name: "Alex" } };
assert.equal((await mail.send(template))[0].statusCode, 202);

const error = await mail.send({ ...message, ipPoolName: "nope" }).then(
  () => assert.fail("an unknown pool was accepted"),
  (error) => error,
);
assert.equal(error.code, 400);
assert.deepEqual(
  error.response.body.errors.map(({ field }) => field),
  ["ip_pool_name"],
);

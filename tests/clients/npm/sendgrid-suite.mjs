// The IP tests of sendgrid-nodejs: the same calls get the same statuses, each from an account as new.
// BASE_URL is where SendGrid is, with the profile `live` and what the suite's placeholders stand for.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import sendgrid from "@sendgrid/client";

const PARAM = "test_url_param";
const FILTERS = { subuser: "test_string", ip: "test_string", limit: 1, exclude_whitelabels: "true", offset: 1 };
const CALLS = [
  [201, "POST", "/v3/ips", { count: 2, subusers: ["subuser1", "subuser2"], warmup: true, user_can_send: true }],
  [200, "GET", "/v3/ips", {}, FILTERS],
  [200, "GET", "/v3/ips/assigned", {}],
  [200, "POST", "/v3/ips/pools", { name: "marketing" }],
  [200, "GET", "/v3/ips/pools", {}],
  [200, "PUT", `/v3/ips/pools/${PARAM}`, { name: "new_pool_name" }],
  [200, "GET", `/v3/ips/pools/${PARAM}`, {}],
  [204, "DELETE", `/v3/ips/pools/${PARAM}`, null],
  [201, "POST", `/v3/ips/pools/${PARAM}/ips`, { ip: "0.0.0.0" }],
  [204, "DELETE", `/v3/ips/pools/${PARAM}/ips/${PARAM}`, null],
  [200, "GET", "/v3/ips/remaining", {}],
  [200, "POST", "/v3/ips/warmup", { ip: "0.0.0.0" }],
  [200, "GET", "/v3/ips/warmup", {}],
  [200, "GET", `/v3/ips/warmup/${PARAM}`, {}],
  [204, "DELETE", `/v3/ips/warmup/${PARAM}`, null],
  [200, "GET", `/v3/ips/${PARAM}`, {}],
  [200, "GET", "/v3/scopes", {}],
];

const text = (bytes) => randomBytes(bytes).toString("base64url");
for (const [status, method, url, body, qs] of CALLS) {
  const client = new sendgrid.Client();
  client.setApiKey(`SG.${text(16)}.${text(32)}`);
  client.setDefaultRequest("baseUrl", `${process.env.BASE_URL}/`);
  const [response] = await client.request({ method, url, body, qs });
  assert.equal(response.statusCode, status, `${method} ${url}`);
}

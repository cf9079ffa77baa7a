// A whole life of a SendGrid IP pool, through @sendgrid/client.
// BASE_URL is where SendGrid is, API_KEY a key whose account is as new.

import assert from "node:assert/strict";
import sendgrid from "@sendgrid/client";

const { BASE_URL, API_KEY } = process.env;

function connect(key, baseUrl = `${BASE_URL}/`) {
  const client = new sendgrid.Client();
  client.setApiKey(key);
  client.setDefaultRequest("baseUrl", baseUrl); // after setApiKey, which resets it
  return client;
}

const client = connect(API_KEY);

async function call(method, url, { body, qs, by = client } = {}) {
  const [response, data] = await by.request({ method, url, body, qs });
  return [response.statusCode, data];
}

async function refused(status, body, method, url, options) {
  const error = await call(method, url, options).then(
    (answer) => assert.fail(`${method} ${url} was not refused: ${JSON.stringify(answer)}`),
    (error) => error,
  );
  assert.equal(error.code, status, error.stack);
  assert.deepEqual(error.response.body, body);
  return error;
}

const problem = (message, field = null) => ({ errors: [{ field, message }] });
const POOLS = "/v3/ips/pools";
const MANAGED = "/v3/send_ips/pools";
const names = (page) => page.result.map((pool) => pool.name);

// A whole life

assert.deepEqual(await call("POST", POOLS, { body: { name: "my receipts" } }), [200, { name: "my receipts" }]);
assert.deepEqual(await call("GET", POOLS), [
  200,
  ["transactional", "campaigns", "europe", "worldwide", "spare", "new_test5", "my receipts"].map((name) => ({ name })),
]);
assert.deepEqual(await call("GET", `${POOLS}/my receipts`), [200, { ips: [], pool_name: "my receipts" }]);
assert.deepEqual(await call("POST", `${POOLS}/my receipts/ips`, { body: { ip: "203.0.113.2" } }), [
  200,
  { ip: "203.0.113.2", pools: ["transactional", "campaigns", "my receipts"], start_date: null, warmup: false },
]);
assert.deepEqual(await call("PUT", `${POOLS}/my receipts`, { body: { name: "invoices" } }), [
  200,
  { name: "invoices" },
]);
assert.deepEqual(await call("GET", `${POOLS}/invoices`), [200, { ips: ["203.0.113.2"], pool_name: "invoices" }]);
const [, managed] = await call("GET", MANAGED);
const { id, ...sample } = managed.result.at(-1);
assert.match(id, /^[0-9]+$/);
assert.deepEqual(sample, { name: "invoices", ips_preview: ["203.0.113.2"], total_ip_count: 1 });
assert.deepEqual(await call("DELETE", `${POOLS}/invoices/ips/203.0.113.2`), [204, ""]);
assert.deepEqual(await call("GET", `${POOLS}/invoices`), [200, { ips: [], pool_name: "invoices" }]);
assert.deepEqual(await call("DELETE", `${POOLS}/invoices`), [204, ""]);

// Errors of the classic API

await refused(404, problem("Unable to locate specified IPs Pool", "error"), "GET", `${POOLS}/invoices`);
await refused(404, problem("ip pool not found"), "PUT", `${POOLS}/invoices`, { body: { name: "receipts" } });
await refused(404, { error: "Unable to locate specified IPs Pool" }, "DELETE", `${POOLS}/invoices`);
await refused(404, problem("resource not found"), "POST", `${POOLS}/invoices/ips`, { body: { ip: "203.0.113.2" } });
await refused(404, { error: "Unable to locate specified IPs Pool" }, "DELETE", `${POOLS}/spare/ips/203.0.113.2`);
await refused(404, problem("resource not found"), "POST", `${POOLS}/spare/ips`, { body: { ip: "203.0.113.202" } });
await refused(400, problem("missing required argument", "name"), "POST", POOLS, { body: {} });
await refused(400, problem("missing required argument", "ip"), "POST", `${POOLS}/spare/ips`, { body: {} });
await refused(400, problem("already exists", "name"), "POST", POOLS, { body: { name: "spare" } });
await refused(400, problem("needs to be between 2 to 64 characters long", "name"), "POST", POOLS, {
  body: { name: "x".repeat(65) },
});

// The list of IP Address Management

const [, first] = await call("GET", MANAGED, { qs: { limit: 3, include_region: true, region: "all" } });
assert.deepEqual(names(first), ["transactional", "campaigns", "europe"]);
assert.deepEqual(first.result[2].regions, ["eu"]);
assert.deepEqual(first._metadata, {
  next_params: { after_key: "34567", limit: "3", region: "all", include_region: "true" },
});
const [, second] = await call("GET", MANAGED, { qs: first._metadata.next_params });
assert.deepEqual(names(second), ["worldwide", "new_test5"]);
assert.equal(second._metadata.next_params.after_key, null);
const [, byIp] = await call("GET", MANAGED, { qs: { ip: "198.51.100.1" } });
assert.deepEqual(byIp, {
  result: [{ name: "europe", id: "34567", ips_preview: ["198.51.100.1", "198.51.100.2"], total_ip_count: 2 }],
  _metadata: { next_params: { after_key: null, ip: "198.51.100.1" } },
});
await refused(400, problem("should be > 0 and <= 100", "limit"), "GET", MANAGED, { qs: { limit: 101 } });
await refused(400, problem("must be a numeric value", "after_key"), "GET", MANAGED, { qs: { after_key: "x" } });
await refused(400, problem("must be >= 0", "after_key"), "GET", MANAGED, { qs: { after_key: -1 } });

// Subusers, keys

const subuser = connect(API_KEY);
subuser.setImpersonateSubuser("subuser1");
assert.deepEqual(await call("GET", POOLS, { by: subuser }), [200, [{ name: "newsletters" }]]);
const unknown = connect("SG.unknown");
await refused(401, problem("authorization required"), "GET", POOLS, { by: unknown });
await refused(401, problem("authorization required", ""), "GET", MANAGED, { by: unknown });
const reader = connect("SG.mockserverReadOnly0000.mockserverReadOnly0000000000000000000000000");
const error = await refused(403, problem("access forbidden"), "DELETE", `${POOLS}/spare`, { by: reader });
assert.equal(error.message, "FORBIDDEN"); // the phrase of the status line, as recorded: in capitals
const unscoped = connect("SG.mockserverNoScopes0000.mockserverNoScopes0000000000000000000000000");
await refused(401, problem("missing required scope: ips.pools.read", ""), "GET", MANAGED, { by: unscoped });

// IP Address Management: pools by id, with their IPs

const IPS = "/v3/send_ips/ips";
const [created, pool] = await call("POST", MANAGED, { body: { name: "managed", ips: ["203.0.113.4", "198.51.100.4"] } });
assert.deepEqual([created, pool], [201, { name: "managed", id: pool.id, ips: ["203.0.113.4", "198.51.100.4"] }]);
const one = `${MANAGED}/${pool.id}`;
assert.deepEqual(await call("GET", one, { qs: { include_region: true } }), [
  200,
  {
    name: "managed",
    id: pool.id,
    ips_preview: ["203.0.113.4", "198.51.100.4"],
    total_ip_count: 2,
    ip_count_by_region: [
      { region: "eu", count: 1 },
      { region: "us", count: 1 },
    ],
  },
]);
assert.deepEqual(await call("POST", `${one}/ips:batchAdd`, { body: { ips: ["203.0.113.5"] } }), [
  200,
  { name: "managed", id: pool.id, ips: ["203.0.113.5"] },
]);
const [, members] = await call("GET", `${one}/ips`, { qs: { limit: 2 } });
assert.deepEqual(
  [members.result.map(({ ip }) => ip), members._metadata.next_params],
  [["198.51.100.4", "203.0.113.4"], { after_key: "203.0.113.4", limit: "2" }],
);
assert.deepEqual(await call("POST", `${one}/ips:batchDelete`, { body: { ips: ["203.0.113.5"] } }), [204, ""]);
assert.deepEqual(await call("PUT", one, { body: { name: "renamed" } }), [200, { name: "renamed", id: pool.id }]);
assert.deepEqual(await call("DELETE", one), [204, ""]);
await refused(400, problem("not found", "poolid"), "GET", one);

// IP Address Management: IPs and their subusers

const [added, fresh] = await call("POST", IPS, { body: { is_auto_warmup: true, is_parent_assigned: true } });
assert.deepEqual([added, fresh.is_auto_warmup, fresh.subusers], [201, true, []]);
const ip = `${IPS}/${fresh.ip}`;
assert.deepEqual(await call("PATCH", ip, { body: { is_auto_warmup: false } }), [
  200,
  { ip: fresh.ip, is_auto_warmup: false, is_parent_assigned: true, is_enabled: true },
]);
const [, [{ id: subuserId }]] = await call("GET", "/v3/subusers", { qs: { username: "subuser1" } });
const subusers = { subusers: [`${subuserId}`] };
assert.deepEqual(await call("POST", `${ip}/subusers:batchAdd`, { body: subusers }), [
  200,
  { ip: fresh.ip, ...subusers },
]);
assert.deepEqual((await call("GET", `${ip}/subusers`))[1].result, subusers.subusers);
assert.deepEqual(await call("POST", `${ip}/subusers:batchDelete`, { body: subusers }), [204, ""]);
const seen = [];
for (let after_key = "0"; after_key !== null; ) {
  const [, page] = await call("GET", IPS, { qs: { limit: 50, after_key } });
  seen.push(...page.result.map((each) => each.ip));
  ({ after_key } = page._metadata.next_params);
}
assert.equal(new Set(seen).size, seen.length);
assert.ok(seen.includes(fresh.ip));

// API keys

const KEYS = "/v3/api_keys";
const [madeStatus, made] = await call("POST", KEYS, { body: { name: "reader", scopes: ["ips.pools.read"] } });
assert.deepEqual([madeStatus, made.name, made.scopes], [201, "reader", ["ips.pools.read"]]);
const key = `${KEYS}/${made.api_key_id}`;
const limited = connect(made.api_key);
assert.equal((await call("GET", POOLS, { by: limited }))[0], 200);
await refused(403, problem("access forbidden"), "POST", POOLS, { body: { name: "mine" }, by: limited });
assert.deepEqual(await call("PATCH", key, { body: { name: "creator" } }), [
  200,
  { api_key_id: made.api_key_id, name: "creator" },
]);
assert.deepEqual(await call("PUT", key, { body: { name: "creator", scopes: ["ips.pools.create"] } }), [
  200,
  { api_key_id: made.api_key_id, name: "creator", scopes: ["ips.pools.create"] },
]);
assert.equal((await call("POST", POOLS, { body: { name: "mine" }, by: limited }))[0], 200);
assert.deepEqual((await call("GET", KEYS))[1], { result: [{ name: "creator", api_key_id: made.api_key_id }] });
assert.deepEqual((await call("GET", key))[1].scopes, ["ips.pools.create"]);
assert.deepEqual(await call("DELETE", key), [204, ""]);
await refused(401, problem("authorization required"), "GET", POOLS, { by: limited });
await refused(404, problem("unable to find API Key"), "GET", key);

// Reverse DNS

const RDNS = "/v3/whitelabel/ips";
await refused(404, problem("resource not found"), "POST", `${POOLS}/spare/ips`, { body: { ip: "203.0.113.202" } });
const [, record] = await call("POST", RDNS, {
  body: { ip: "203.0.113.202", subdomain: "email", domain: "example.com" },
});
assert.equal(record.rdns, "o1.email.example.com");
assert.deepEqual((await call("GET", RDNS, { qs: { ip: "203.0.113.202" } }))[1], [record]);
assert.equal((await call("POST", `${RDNS}/${record.id}/validate`))[1].valid, true);
assert.equal((await call("POST", `${POOLS}/spare/ips`, { body: { ip: "203.0.113.202" } }))[0], 200);
assert.deepEqual(await call("DELETE", `${RDNS}/${record.id}`), [204, ""]);
assert.deepEqual((await call("GET", `${POOLS}/spare`))[1].ips, []);

// A subuser in the EU, at the EU host: here its prefix

const team = { username: "team", email: "team@example.com", password: "secret", ips: ["198.51.100.5"], region: "eu" };
assert.equal((await call("POST", "/v3/subusers", { body: { ...team, include_region: true } }))[1].region, "eu");
const european = connect(API_KEY, `${BASE_URL}-eu/`);
await refused(401, problem("authorization required"), "GET", POOLS, { by: european });
european.setImpersonateSubuser("team");
assert.deepEqual(await call("POST", POOLS, { body: { name: "eu" }, by: european }), [200, { name: "eu" }]);
assert.deepEqual(
  (await call("GET", "/v3/ips", { by: european }))[1].map((each) => each.ip),
  ["198.51.100.5"],
);

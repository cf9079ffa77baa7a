// A whole life of a Mailgun dedicated IP pool, through mailgun.js: every method of its ip_pools, those of domains that
// concern their IPs, and those of ips and subaccounts.
// BASE_URL is where Mailgun is, API_KEY a key whose account is as new.

import assert from "node:assert/strict";
import { STATUS_CODES } from "node:http";
import FormData from "form-data";
import Mailgun from "mailgun.js";

const { BASE_URL, API_KEY } = process.env;
const TRANSACTIONAL = "658041ae44842b99ee2eaa1b";
const MARKETING = "658041ae44842b99ee2eaa1c";
const SPARE = "658041ae44842b99ee2eaa1d";
const UNKNOWN = "000000000000000000000000";
const SUBACCOUNT = "65f0c1a2b3c4d5e6f7081920";
const LINKED = "mail.example.com"; // to Transactional
const NEWS = "news.example.com";

console.warn = () => {}; // the client warns at each use of the methods of domains, which are deprecated

const connect = (key) => new Mailgun(FormData).client({ username: "api", key, url: BASE_URL });
const client = connect(API_KEY);
const { ip_pools: pools, domains } = client;
const phrases = [];

async function refused(promise, status, details) {
  const error = await promise.then(
    (answer) => assert.fail(`not refused: ${JSON.stringify(answer)}`),
    (error) => error,
  );
  assert.equal(error.type, "MailgunAPIError", error.stack);
  assert.equal(error.status, status);
  assert.equal(error.details, details);
  phrases.push([error.message, STATUS_CODES[status]]);
}

async function started(promise) {
  const { reference_id, ...rest } = await promise;
  assert.match(reference_id, /^[0-9a-f]{24}$/);
  assert.deepEqual(rest, { status: 200, message: "started" });
}

async function succeeded(promise) {
  assert.deepEqual(await promise, { status: 200, message: "success" });
}

async function assigned(promise) {
  assert.deepEqual(await promise, { status: 200, body: { message: "success" } });
}

async function details(id) {
  const { status, message, details } = await pools.get(id);
  assert.deepEqual([status, message], [200, "success"]);
  return details;
}

const listed = async () => (await pools.list()).ip_pools;

// A whole life: create, list, get, update, addIp, addIps, removeIp, destroy

const { pool_id: id, ...creation } = await pools.create({
  name: "New",
  description: "Made by a test",
  ip: ["192.0.2.10", "192.0.2.11"],
});
assert.deepEqual(creation, { status: 200, message: "success" });
assert.match(id, /^[0-9a-f]{24}$/);
const made = {
  description: "Made by a test",
  ips: ["192.0.2.10", "192.0.2.11"],
  is_linked: false,
  name: "New",
  pool_id: id,
};
const all = await pools.list();
assert.deepEqual([all.status, all.message, all.ip_pools.length], [200, "success", 4]);
assert.deepEqual(all.ip_pools[3], { ...made, is_inherited: false });
assert.deepEqual(await details(id), { ...made, linked_domains: [] });

await succeeded(pools.update(id, { name: "Newer", description: "Edited", remove_ip: ["192.0.2.10", "192.0.2.11"] }));
assert.deepEqual(await details(id), { ...made, name: "Newer", description: "Edited", ips: [], linked_domains: [] });
await started(pools.addIp(id, "192.0.2.11"));
await started(pools.addIps(id, ["192.0.2.11", "192.0.2.12", "2001:db8::25"]));
assert.deepEqual((await details(id)).ips, ["192.0.2.11", "192.0.2.12", "2001:db8::25"]);
await started(pools.removeIp(id, "2001:db8::25"));
await started(pools.update(id, { link_domain: NEWS }));
assert.deepEqual((await details(id)).linked_domains, [NEWS]);
assert.deepEqual(await domains.getIps(NEWS), ["192.0.2.11", "192.0.2.12"]);
await started(pools.destroy(id, { pool_id: MARKETING }));
await refused(pools.get(id), 404, "ip pool not found");
assert.deepEqual(await domains.getIps(NEWS), ["192.0.2.21"]);
await started(pools.destroy(MARKETING, { ip: "192.0.2.13" }));
assert.deepEqual(await domains.getIps(NEWS), ["192.0.2.13"]);
await started(pools.destroy(SPARE));
assert.deepEqual((await listed()).map((pool) => pool.pool_id), [TRANSACTIONAL]);

// The older spelling of the IPs of a new pool

const { pool_id: older } = await pools.create({ name: "Older", description: "-", ips: ["192.0.2.11", "192.0.2.12"] });
assert.deepEqual((await details(older)).ips, ["192.0.2.11", "192.0.2.12"]);

// The domains of a pool: linkedDomains

const domain = { id: "67bcf63306fcfd2fb4b7e056", name: LINKED };
const page = await pools.linkedDomains(TRANSACTIONAL, { limit: 10 });
assert.deepEqual([page.status, page.domains], [200, [domain]]);
const token = (url) => {
  assert.ok(url.startsWith(`${BASE_URL}/v3/ip_pools/${TRANSACTIONAL}/domains?page=eyJj`), url);
  return new URL(url).searchParams.get("page");
};
assert.deepEqual((await pools.linkedDomains(TRANSACTIONAL, { page: token(page.paging.next) })).domains, []);
assert.deepEqual((await pools.linkedDomains(TRANSACTIONAL, { page: token(page.paging.first) })).domains, [domain]);
await refused(pools.linkedDomains(TRANSACTIONAL, { limit: 9 }), 400, "Invalid parameter: limit 9");
await refused(pools.linkedDomains(TRANSACTIONAL, { limit: 501 }), 400, "Invalid parameter: limit 501");
await refused(
  pools.linkedDomains(TRANSACTIONAL, { limit: "ten" }),
  400,
  "Invalid format for parameter limit: ten",
);
await refused(pools.linkedDomains(TRANSACTIONAL, { page: "next" }), 400, "Invalid parameter: page next");
await refused(pools.linkedDomains(UNKNOWN), 404, "ip pool not found");

// Delegation: delegate, revokeDelegation

await succeeded(pools.delegate(older, SUBACCOUNT));
await succeeded(pools.delegate(older, SUBACCOUNT)); // once more is no error
client.setSubaccount(SUBACCOUNT);
const inherited = (await listed()).map(({ name, is_inherited }) => [name, is_inherited]);
assert.deepEqual(inherited, [["Transactional", true], ["Older", true]]);
await assigned(domains.linkIpPool("sub.example.com", older));
assert.deepEqual((await details(older)).linked_domains, ["sub.example.com"]);
await refused(pools.update(older, { name: "Mine" }), 400, "inherited ip pool can't be modified");
await refused(pools.addIps(older, ["192.0.2.30"]), 400, "inherited ip pool can't be modified");
await refused(pools.delegate(older, SUBACCOUNT), 400, "inherited ip pool can't be modified");
await refused(pools.revokeDelegation(older, SUBACCOUNT), 400, "inherited ip pool can't be modified");
await refused(pools.destroy(older, { ip: "shared" }), 400, "inherited ip pool can't be deleted");
client.resetSubaccount();
await succeeded(pools.revokeDelegation(older, SUBACCOUNT));
client.setSubaccount(SUBACCOUNT);
await refused(pools.get(older), 404, "ip pool not found");
assert.deepEqual(await domains.getIps("sub.example.com"), ["198.51.100.1"]);
client.setSubaccount(UNKNOWN);
await refused(pools.list(), 403, "Forbidden");
client.resetSubaccount();
await refused(pools.revokeDelegation(older, SUBACCOUNT), 400, "ip pool is not delegated to the subaccount");
await refused(pools.delegate(older, UNKNOWN), 404, "account not found");
await refused(pools.delegate(older, ""), 400, "invalid request parameters");
await refused(pools.revokeDelegation(UNKNOWN, SUBACCOUNT), 404, "ip pool not found");

// Errors about pools

await refused(pools.create({ name: "No description" }), 400, "Missing mandatory parameter: description");
await refused(pools.update(older, { add_ip: "192.0.2.11" }), 400, "no changes requested");
await refused(pools.addIp(older, "192.0.2.11"), 400, "ip 192.0.2.11 already belongs to the ip pool");
await refused(pools.addIp(older, "192.0.2.20"), 400, "ip 192.0.2.20 already belongs to another ip pool");
await refused(pools.addIp(older, "nonsense"), 400, "Invalid parameter: ip nonsense");
await refused(pools.addIps(older, []), 400, "Missing mandatory parameter: ips");
await refused(pools.addIps(older, "192.0.2.13"), 400, "invalid request body");
await refused(pools.addIps(older, ["192.0.2.13", "198.51.100.1"]), 400, "ip 198.51.100.1 is not dedicated");
await refused(pools.addIps(older, ["192.0.2.11"]), 400, "ip 192.0.2.11 already belongs to the ip pool");
await refused(pools.removeIp(older, "192.0.2.13"), 404, "ip 192.0.2.13 does not belong to the ip pool");
await refused(
  pools.removeIp(TRANSACTIONAL, "192.0.2.20"),
  400,
  "last ip can't be removed from an ip pool linked to domains",
);
await refused(
  pools.destroy(TRANSACTIONAL),
  400,
  "either 'ip' or 'pool_id' parameter is required to delete a non-empty ip pool",
);
await refused(
  pools.destroy(TRANSACTIONAL, { ip: "shared", pool_id: older }),
  400,
  "only one of 'ip' and 'pool_id' parameters can be specified",
);
await refused(pools.destroy(older, { pool_id: older }), 400, "ip pool can't be replaced with itself");
assert.deepEqual((await details(older)).ips, ["192.0.2.11", "192.0.2.12"]);
assert.deepEqual((await details(TRANSACTIONAL)).linked_domains, [LINKED]);

// The IPs of domains: unlinkDomainPool, removeIpFromDomainPool, removeDomainPool

const ipOrPool = "either 'ip' or 'pool_id' parameter is required, but not both";
await refused(pools.unlinkDomainPool(LINKED), 400, ipOrPool);
await succeeded(pools.unlinkDomainPool(LINKED, older));
assert.deepEqual(await domains.getIps(LINKED), ["192.0.2.11", "192.0.2.12"]);
await refused(
  pools.removeIpFromDomainPool(LINKED, "192.0.2.11"),
  400,
  "domain ips can't be changed while an ip pool is linked to the domain",
);
await assigned(domains.assignIp(NEWS, "2001:db8::25"));
assert.deepEqual(await domains.getIps(NEWS), ["192.0.2.13", "2001:db8::25"]);
await succeeded(pools.removeIpFromDomainPool(NEWS, "2001:db8::25"));
await refused(
  pools.removeIpFromDomainPool(NEWS, "2001:db8::25"),
  404,
  "ip 2001:db8::25 is not assigned to the domain",
);
await refused(pools.unlinkDomainPool(NEWS, older), 400, "no ip pool is linked to the domain");
await succeeded(pools.removeDomainPool(LINKED));
await refused(domains.getIps(LINKED), 404, "Domain not found");
await refused(pools.removeDomainPool(LINKED), 404, "Domain not found");
assert.deepEqual((await details(older)).linked_domains, []);

// The same by domains.getIps, assignIp, deleteIp, linkIpPool, unlinkIpPoll

await assigned(domains.assignIp(NEWS, "192.0.2.10"));
await assigned(domains.deleteIp(NEWS, "192.0.2.13"));
assert.deepEqual(await domains.getIps(NEWS), ["192.0.2.10"]);
await refused(domains.assignIp(NEWS, "203.0.113.9"), 400, "ip 203.0.113.9 does not belong to the account");
await refused(domains.deleteIp(NEWS, "192.0.2.13"), 404, "ip 192.0.2.13 is not assigned to the domain");
await assigned(domains.linkIpPool(NEWS, older));
assert.deepEqual(await domains.getIps(NEWS), ["192.0.2.11", "192.0.2.12"]);
await refused(domains.linkIpPool(NEWS, UNKNOWN), 404, "ip pool not found");
await refused(domains.unlinkIpPoll(NEWS, {}), 400, ipOrPool);
await assigned(domains.unlinkIpPoll(NEWS, { pool_id: TRANSACTIONAL }));
assert.deepEqual(await domains.getIps(NEWS), ["192.0.2.20"]);
await assigned(domains.unlinkIpPoll(NEWS, { ip: "192.0.2.10" }));
assert.deepEqual(await domains.getIps(NEWS), ["192.0.2.10"]);

// IPs: list, get

const ips = await client.ips.list({ dedicated: true });
assert.equal(ips.total_count, ips.items.length);
assert.ok(ips.items.every((ip) => ips.details.some((each) => each.ip === ip)));
assert.ok(ips.assignable_to_pools.includes("192.0.2.14"));
assert.ok((await client.ips.list()).items.includes("198.51.100.1"));
assert.deepEqual(await client.ips.get("192.0.2.10"), {
  dedicated: true,
  ip: "192.0.2.10",
  rdns: "ip192-0-2-10.mailgun.net",
});
await refused(client.ips.list({ dedicated: "maybe" }), 400, "Invalid format for parameter dedicated: maybe");
await refused(client.ips.get("203.0.113.9"), 404, "ip not found");

// Domains: create, list, get, destroy

const domainMade = await domains.create({ name: "js.example.com", pool_id: older, wildcard: true, spam_action: "tag" });
assert.deepEqual(
  [domainMade.name, domainMade.state, domainMade.wildcard, domainMade.spam_action, domainMade.require_tls],
  ["js.example.com", "unverified", true, "tag", false],
);
assert.equal(domainMade.receiving_dns_records.length, 2);
assert.deepEqual(await domains.getIps("js.example.com"), ["192.0.2.11", "192.0.2.12"]);
assert.deepEqual((await details(older)).linked_domains, ["js.example.com"]);
const { id: domainId } = (await domains.get("js.example.com", { with_dns: true }));
await started(pools.update(older, { unlink_domain: domainId }));
assert.deepEqual(await domains.getIps("js.example.com"), ["198.51.100.1"]);
const names = async (query) => (await domains.list(query)).map(({ name }) => name);
assert.deepEqual(await names(), ["js.example.com", "shared.example.com", NEWS]);
assert.deepEqual(await names({ sort: "name:asc", limit: 1, skip: 1 }), [NEWS]);
assert.deepEqual(await names({ state: "unverified" }), ["js.example.com"]);
await refused(domains.create({ name: "js.example.com" }), 400, "This domain name is already taken");
await refused(domains.create({ name: "x.example.com", ips: "203.0.113.9" }), 400, "ip 203.0.113.9 does not belong to the account");
await refused(domains.create({ name: "x.example.com", pool_id: UNKNOWN }), 404, "ip pool not found");
assert.equal((await domains.update("js.example.com", { web_scheme: "https" })).web_scheme, "https");
assert.equal((await domains.verify("js.example.com")).state, "active");
await domains.domainTracking.updateTracking("js.example.com", "open", { active: "yes" });
await domains.domainTracking.updateTracking("js.example.com", "click", { active: "htmlonly" });
const tracking = await domains.domainTracking.getTracking("js.example.com");
assert.deepEqual([tracking.open.active, tracking.click.active, tracking.unsubscribe.active], [true, true, false]);
assert.equal((await domains.domainKeys.updateDKIMSelector("js.example.com", { dkimSelector: "js" })).message, "DKIM selector changed");
assert.deepEqual(await domains.getConnection("js.example.com"), { connection: { require_tls: false, skip_verification: false } });
const credentials = domains.domainCredentials;
assert.equal((await credentials.create("js.example.com", { login: "bob", password: "secret" })).message, "Created 1 credentials pair(s)");
const bob = "bob@js.example.com";
assert.deepEqual((await credentials.list("js.example.com")).items.map(({ login }) => login), ["postmaster@js.example.com", bob]);
assert.equal((await credentials.update("js.example.com", "bob", { password: "other" })).message, "Password changed");
assert.equal((await credentials.destroy("js.example.com", "bob")).spec, bob);
await refused(credentials.destroy("js.example.com", "bob"), 404, "Credentials not found");
assert.deepEqual(await domains.destroy("js.example.com"), { message: "Domain will be deleted in the background" });
await refused(domains.get("js.example.com"), 404, "Domain not found");
await refused(domains.destroy("js.example.com"), 404, "Domain not found");

// Subaccounts: create, list, get, disable, enable, destroy

const { subaccounts } = client;
const { subaccount: second } = await subaccounts.create("Second");
assert.deepEqual([second.name, second.status, second.updated_at], ["Second", "open", second.created_at]);
assert.ok(Math.abs(second.created_at - Date.now()) < 60_000);
assert.deepEqual(await subaccounts.get(second.id), { subaccount: second });
assert.deepEqual(await subaccounts.list({ sort: "desc", limit: 1 }), { subaccounts: [second], total: 2 });
await succeeded(pools.delegate(older, second.id));
client.setSubaccount(second.id);
assert.deepEqual((await listed()).map(({ name }) => name), ["Older"]);
await domains.create({ name: "second.example.com", pool_id: older });
client.resetSubaccount();
assert.deepEqual((await details(older)).linked_domains, ["second.example.com"]);
assert.equal((await subaccounts.disable(second.id)).subaccount.status, "disabled");
client.setSubaccount(second.id);
await refused(pools.list(), 403, "Forbidden");
client.resetSubaccount();
await refused(subaccounts.disable(second.id), 400, "subaccount is already disabled");
assert.equal((await subaccounts.enable(second.id)).subaccount.status, "open");
assert.deepEqual(await subaccounts.destroy(second.id), { message: "Subaccount successfully deleted" });
assert.equal((await subaccounts.get(second.id)).subaccount.status, "closed");
assert.deepEqual((await details(older)).linked_domains, []);
await refused(subaccounts.get(UNKNOWN), 404, "Not Found");
await refused(subaccounts.create(" "), 400, "Bad request");
await refused(subaccounts.destroy(UNKNOWN), 403, "Forbidden");

// Keys, and what is not modelled

await refused(connect("key-unknown").ip_pools.list(), 401, "Forbidden");
await refused(
  subaccounts.getMonthlySendingLimit(SUBACCOUNT),
  501,
  `mockserver does not implement GET /v5/accounts/subaccounts/${SUBACCOUNT}/limit/custom/monthly`,
);

// The message of the client's errors is the status line's phrase, which recorded answers have in the standard form.

for (const [phrase, standard] of phrases) assert.equal(phrase, standard);

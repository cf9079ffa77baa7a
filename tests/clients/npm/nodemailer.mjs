// nodemailer sends a message with an attachment over SMTP, through a pool of connections, and meets a wrong password.
import assert from 'node:assert/strict';
import nodemailer from 'nodemailer';

const auth = { user: process.env.SMTP_USER, pass: process.env.SMTP_PASSWORD };
const server = { host: process.env.SMTP_HOST, port: Number(process.env.SMTP_PORT), tls: { rejectUnauthorized: false } };
const message = {
  from: 'Shop <shop@mail.example.com>',
  to: ['anna@example.com', 'bob@example.com'],
  subject: 'Receipt für Anna',
  text: 'Thank you.\n.\n..dots\n',
  html: '<p>Thank you.</p>',
  attachments: [{ filename: 'receipt.txt', content: 'x'.repeat(100_000) }],
};

const transport = nodemailer.createTransport({ ...server, auth, pool: true, maxConnections: 3 });
assert.equal(await transport.verify(), true);
const sent = await Promise.all(Array.from({ length: 6 }, () => transport.sendMail(message)));
for (const info of sent) {
  assert.deepEqual(info.accepted, ['anna@example.com', 'bob@example.com']);
  assert.match(info.response, /^250 /);
}
transport.close();

const wrong = nodemailer.createTransport({ ...server, auth: { ...auth, pass: 'nope' } });
await assert.rejects(wrong.sendMail(message), { code: 'EAUTH', responseCode: 535 });

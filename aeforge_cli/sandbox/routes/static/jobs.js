"use strict";
// Text from elsewhere is only ever set as textContent: it can be read, and cannot act.

const EVERY = 1000, TIMEOUT = 5000;
const STATES = { Pending: "pending", Succeed: "done", Failed: "failed" };
const find = (selector, place = document) => place.querySelector(selector);
const cards = new Map();

async function watch() {
  const list = await fetch("/sandbox/jobs", { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) })
    .then(answer => answer.ok ? answer.json() : null).catch(() => null);  // also where it breaks off
  if (list) show(list);
  else say("The sandbox does not answer; it may have ended. This is what it last showed.");
  setTimeout(() => document.hidden ? addEventListener("visibilitychange", watch, { once: true }) : watch(), EVERY);
}

function show({ engine, base_url, command, total, jobs }) {
  put("#engine", engine);
  put("#base-url", base_url);
  put("#command", command);
  find("#empty").hidden = total > 0;
  const wanted = new Set(jobs.map(job => job.job_id));
  for (const [id, card] of cards) if (!wanted.has(id)) { card.remove(); cards.delete(id); }
  jobs.forEach((job, place) => {
    const card = cards.get(job.job_id) ?? newCard(job), list = find("#jobs");
    if (list.children[place] !== card) list.insertBefore(card, list.children[place] ?? null);
    update(card, job);
  });
  say(summary(total, jobs));
}

function summary(total, jobs) {
  const counts = Object.entries(STATES)
    .map(([status, word]) => [jobs.filter(job => job.status === status).length, word])
    .filter(([count]) => count).map(([count, word]) => `${count} ${word}`);
  const newest = total > jobs.length ? `, the newest ${jobs.length} shown` : "";
  return total ? `${total} ${total === 1 ? "job" : "jobs"}${newest}: ${counts.join(", ")}` : "";
}

function newCard(job) {
  const card = find("template").content.cloneNode(true).firstElementChild;
  put("h2", job.prompt || job.operation, card);
  put(".operation", job.operation, card);
  put(".options", Object.entries(job.options).map(([name, value]) => `${name} ${value}`).join(", "), card);
  put("time", new Date(job.made * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }), card);
  find("time", card).dateTime = new Date(job.made * 1000).toISOString();
  put(".id", `job ${job.job_id}`, card);
  cards.set(job.job_id, card);
  return card;
}

function update(card, job) {
  put(".time", job.status === "Pending" ? `${Math.floor(job.seconds)} s so far` : `${job.seconds.toFixed(1)} s`, card);
  if (card.className === job.status) return;
  card.className = job.status;
  put(".state", STATES[job.status], card);
  const pair = find(".pair", card);
  if (!pair.firstElementChild) pair.append(figure("before", before(job)));
  pair.children[1]?.remove();
  pair.append(figure(job.status === "Failed" ? "why it failed" : "after", after(job)));
}

const before = job => pictures(job.before, "Before: what was sent", "No picture was sent.");

function after(job) {
  if (job.status === "Pending") return [note("In progress …", "working")];
  if (job.status === "Failed") return [note(job.reason ?? "The reason was not kept.", "reason")];
  return pictures(job.after, `After: ${job.prompt || job.operation}`, "Nothing was made.");
}

function pictures(urls, words, none) {
  const alt = place => urls.length > 1 ? `${words}, ${place + 1} of ${urls.length}` : words;
  return urls.length ? urls.map((url, place) => picture(url, alt(place))) : [note(none)];
}

function picture(url, alt) {
  const link = made("a", "picture"), image = made("img");
  Object.assign(link, { href: url, target: "_blank" });
  if (url.endsWith(".gif") && matchMedia("(prefers-reduced-motion: reduce)").matches) {
    link.textContent = "The animation";
    return link;
  }
  Object.assign(image, { loading: "lazy", decoding: "async", alt, src: url });
  image.onerror = () => link.replaceWith(note("This browser cannot show the picture."));
  link.append(image);
  return link;
}

function figure(caption, contents) {
  const frame = made("figure"), well = made("div", contents.length > 1 ? "well several" : "well");
  well.append(...contents);
  frame.append(well, made("figcaption", "", caption));
  return frame;
}

const note = (text, kind = "") => made("p", kind, text);

function made(name, kind = "", text = "") {
  return Object.assign(document.createElement(name), { className: kind, textContent: text });
}

function put(selector, text, place = document) {
  const spot = find(selector, place);
  if (spot.textContent !== text) spot.textContent = text;  // or a screen reader would hear it each second
}

const say = text => put("#news", text);

watch();

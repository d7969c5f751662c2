// Live notices: a card for each, read by a live region; notification and sound where this person wants them.
(() => {
  "use strict";
  const region = document.getElementById("notices");
  if (!region || !window.EventSource) return;
  const WORDS = {
    started: "fires", reopened: "fires again", ended: "is over", acknowledged: "was acknowledged",
    unacknowledged: "is no longer acknowledged", closed: "was closed by hand",
  };
  const LOOKS = ["critical", "warning", "info"];
  const most = () => (window.innerWidth < 700 ? 2 : 4); // cards at a time
  const SPOKEN = 3; // notices that are read in full when several come at once
  const BRIEF = 12000; // milliseconds for which a card stays that needs nobody
  const SILENCE = 40000; // milliseconds without a heartbeat after which the connection counts as dead
  const LAST = `notices.last.${region.dataset.name}`;
  const SOUNDED = "notices.sounded";
  const list = document.getElementById("notice-cards");
  const more = document.getElementById("notices-more");
  const cards = new Map(); // by alert
  let preferences = null; // unknown until the stream begins
  let source = null;
  let watchdog = 0;
  let wait = 1000;
  let hidden = 0; // cards that there was no room for
  let release = null; // gives back the lock of the hidden page that listens

  const remembered = (storage, key) => {
    try { return storage.getItem(key); } catch { return null; }
  };
  const remember = (storage, key, value) => {
    try { storage.setItem(key, String(value)); } catch { /* private windows have no storage */ }
  };

  // Cards.
  const isGrave = (notice) => notice.kind === "started" || notice.kind === "reopened";
  const sentence = (notice) =>
    `${isGrave(notice) ? `${notice.severity}: ` : ""}${notice.name} ${WORDS[notice.kind] || notice.kind}`;

  const remove = (alert) => {
    const card = cards.get(alert);
    if (!card) return;
    clearTimeout(card.timer);
    card.element.remove();
    cards.delete(alert);
    if (!cards.size) hidden = 0;
    count();
  };

  const count = () => {
    more.hidden = !hidden;
    if (hidden) more.firstElementChild.textContent = `${hidden} more: all notices`;
  };

  const card = (notice) => {
    const known = cards.get(notice.alert_id);
    if (known) {
      clearTimeout(known.timer);
      return known;
    }
    if (cards.size >= most()) {
      // the oldest one that does not have the focus makes room
      const oldest = [...cards.entries()].find(([, it]) => !it.element.contains(document.activeElement));
      if (oldest) {
        const before = hidden + 1;
        remove(oldest[0]);
        hidden = before;
      }
    }
    const element = document.getElementById("notice-card").content.firstElementChild.cloneNode(true);
    element.querySelector("button").addEventListener("click", () => remove(notice.alert_id));
    list.append(element);
    const made = { element, timer: 0 };
    cards.set(notice.alert_id, made);
    return made;
  };

  const show = (notice) => {
    const it = card(notice);
    const grave = isGrave(notice);
    const look = LOOKS.includes(notice.severity) ? notice.severity : "info";
    it.element.className = `notice notice-${grave ? look : "over"}`;
    it.element.dataset.notice = notice.id;
    it.element.querySelector("strong").textContent = grave ? notice.severity : "";
    const link = it.element.querySelector("a");
    link.textContent = `${notice.name} ${WORDS[notice.kind] || notice.kind}`;
    link.href = `/alerts/${notice.alert_id}`;
    it.element.querySelector(".notice-summary").textContent = notice.summary;
    it.element.querySelector(".hint").textContent = new Date(notice.at).toLocaleTimeString();
    it.element.querySelector(".unseen").textContent = `Dismiss ${notice.name}`;
    if (!grave) it.timer = setTimeout(() => leave(notice.alert_id), BRIEF);
    count();
  };

  // A card that is read or pointed at stays.
  const leave = (alert) => {
    const it = cards.get(alert);
    if (!it) return;
    if (it.element.matches(":hover, :focus-within")) it.timer = setTimeout(() => leave(alert), BRIEF);
    else remove(alert);
  };

  // Words: what comes together is read together, and a storm is a number.
  const unsaid = { "notices-assertive": [], "notices-polite": [] };
  const say = (notice) => {
    const urgent = isGrave(notice) && notice.severity === "critical";
    const id = urgent ? "notices-assertive" : "notices-polite";
    unsaid[id].push(`${sentence(notice)}. ${notice.summary}`);
    if (unsaid[id].length === 1) setTimeout(() => read(id), 200);
  };
  const read = (id) => {
    const words = unsaid[id].splice(0);
    const rest = words.length - SPOKEN;
    document.getElementById(id).textContent =
      words.slice(0, SPOKEN).join(" ") + (rest > 0 ? ` And ${rest} more.` : "");
  };

  // Notifications and sound: a few at a time.
  const budget = (most) => {
    let times = [];
    return () => {
      const now = Date.now();
      times = times.filter((each) => now - each < 10000);
      if (times.length >= most) return false;
      times.push(now);
      return true;
    };
  };
  const mayNotify = budget(5);
  const maySound = budget(2);

  const isQuiet = () => {
    const { quiet_from: from, quiet_until: until } = preferences;
    if (!from || !until) return false;
    const now = new Date().toTimeString().slice(0, 5);
    return from <= until ? from <= now && now < until : now >= from || now < until;
  };

  const notify = (notice) => {
    if (!window.Notification || Notification.permission !== "granted") return;
    // the same tag in two pages is one notification
    const shown = new Notification(sentence(notice), { body: notice.summary, tag: `watchroom-${notice.id}` });
    shown.addEventListener("click", () => {
      window.focus();
      window.location.assign(`/alerts/${notice.alert_id}`);
    });
  };

  const sound = (notice) => {
    const Context = window.AudioContext;
    // another page has sounded it already
    if (!Context || Number(remembered(window.localStorage, SOUNDED)) >= notice.id) return;
    remember(window.localStorage, SOUNDED, notice.id);
    const context = new Context();
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = notice.severity === "critical" ? 880 : 587;
    volume.gain.setValueAtTime(0.15, context.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.6);
    tone.connect(volume).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + 0.6);
    // a page that nobody has touched yet makes no sound, and the tone never ends
    setTimeout(() => context.close(), 1500);
  };

  const alarm = (notice) => {
    if (!isGrave(notice) || isQuiet()) return;
    if (preferences.notify.includes(notice.severity) && mayNotify()) notify(notice);
    if (preferences.sound.includes(notice.severity) && maySound()) sound(notice);
  };

  // The connection.
  const alive = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(reconnect, SILENCE);
  };

  const handle = (event) => {
    alive();
    const notice = JSON.parse(event.data);
    if (notice.id <= Number(remembered(window.sessionStorage, LAST))) return;
    remember(window.sessionStorage, LAST, notice.id);
    show(notice);
    say(notice);
    alarm(notice);
  };

  const begin = (event) => {
    alive();
    wait = 1000;
    const data = JSON.parse(event.data);
    preferences = data.preferences;
    remember(window.sessionStorage, LAST, event.lastEventId);
    if (data.left_out) {
      hidden += 1;
      more.firstElementChild.textContent = "Older notices: all notices";
      more.hidden = false;
    }
    region.dataset.state = "open";
    settle();
  };

  const close = () => {
    clearTimeout(watchdog);
    if (source) source.close();
    source = null;
    region.dataset.state = "closed";
  };

  const reconnect = () => {
    close();
    // many pages do not come back at the same moment
    watchdog = setTimeout(open, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, 60000);
  };

  // Whose session is over stays away; who was refused for want of room comes again.
  const refused = () => {
    close();
    fetch(region.dataset.stream, { method: "HEAD" })
      .then((answer) => { if (answer.status !== 401) reconnect(); }, reconnect);
  };

  const open = () => {
    if (source) return;
    clearTimeout(watchdog);
    const last = remembered(window.sessionStorage, LAST);
    source = new EventSource(last === null ? region.dataset.stream : `${region.dataset.stream}?after=${last}`);
    source.addEventListener("begin", begin);
    source.addEventListener("notice", handle);
    source.addEventListener("heartbeat", alive);
    // the browser tries again by itself unless it was refused
    source.addEventListener("error", () => { if (source && source.readyState === EventSource.CLOSED) refused(); });
    alive();
  };

  // A page that nobody sees listens only for notifications and sound, and only one of them does.
  const isWanted = () => !preferences || preferences.notify.length > 0 || preferences.sound.length > 0;
  const giveUp = () => {
    if (release) release();
    release = null;
  };
  const settle = () => {
    if (!document.hidden) {
      giveUp();
      open();
    } else if (!isWanted()) {
      giveUp();
      close();
    } else if (navigator.locks && !release) {
      close();
      release = () => {};
      navigator.locks.request("watchroom-notices", () => new Promise((done) => {
        release = done;
        if (document.hidden) open();
        else giveUp();
      }));
    }
  };
  document.addEventListener("visibilitychange", settle);
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", settle);

  // The page of the preferences: browsers ask for permission only after a click.
  const allow = document.getElementById("allow-notifications");
  const state = document.getElementById("notifications-state");
  const tell = () => {
    if (!allow) return;
    const permission = window.Notification ? Notification.permission : "unsupported";
    allow.hidden = permission !== "default";
    state.textContent = {
      granted: "This browser shows notifications.",
      denied: "This browser refuses notifications; its settings for this site can allow them.",
      unsupported: "This browser shows notifications only over https or on this machine.",
    }[permission] || "";
  };
  if (allow) allow.addEventListener("click", () => Notification.requestPermission().then(tell));
  tell();
  settle();
})();

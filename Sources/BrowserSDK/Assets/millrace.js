/* Millrace: page views and a site's own events. Keeps nothing in the browser: no cookie, no storage.
   <script async src="https://stats.example/millrace.js" data-key="pk_live_…"></script>
   millrace.track('purchase', {properties: {plan: 'pro'}}); */
(() => {
  'use strict';
  const script = document.currentScript || document.querySelector('script[data-key]');
  const key = script && script.dataset.key;
  if (!key || window.millrace) return;
  const endpoint = new URL(script.dataset.endpoint || '/b', script.src);
  endpoint.searchParams.set('k', key);

  const uuid = () => {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = bytes[6] & 15 | 64;
    bytes[8] = bytes[8] & 63 | 128;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  };

  /* A text needs no preflight. What the browser will not queue as a beacon goes out as a request that outlives the
     page. */
  const send = (body) => {
    if (navigator.sendBeacon && navigator.sendBeacon(endpoint.href, body)) return;
    fetch(endpoint.href, {method: 'POST', body, keepalive: true, mode: 'no-cors', credentials: 'omit'}).catch(() => {});
  };

  const track = (type, members) => {
    const now = Date.now();
    const event = Object.assign({
      id: uuid(), event_type: type, timestamp: now, url: location.href.slice(0, 2048),
      viewport_size: {width: innerWidth, height: innerHeight},
    }, members, {sent_at: now});
    if (navigator.globalPrivacyControl) event.gpc = true;
    send(JSON.stringify(event));
  };

  /* A fragment is another page only where it is a route. */
  const page = () => location.href.replace(/#(?![/!]).*$/, '');
  let shown = null;
  const view = () => {
    if (document.prerendering || page() === shown) return;
    const referrer = shown === null ? document.referrer : shown;
    shown = page();
    track('page_view', {
      referrer: referrer.slice(0, 2048),
      session: {language: navigator.language, screen_resolution: screen.width + 'x' + screen.height},
    });
  };

  for (const name of ['pushState', 'replaceState']) {
    const original = history[name];
    history[name] = function (...args) {
      const result = original.apply(this, args);
      view();
      return result;
    };
  }
  addEventListener('popstate', view);
  addEventListener('hashchange', view);
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    shown = null;
    view();
  });
  window.millrace = Object.freeze({track});
  if (document.prerendering) document.addEventListener('prerenderingchange', view, {once: true});
  else view();
})();

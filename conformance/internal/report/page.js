'use strict';
(() => {
  const form = document.getElementById('filters');
  const nothing = document.getElementById('nothing');
  const cases = [...document.querySelectorAll('.topic li')].map((item) => (
    { item, details: item.querySelector('details'), text: item.textContent.toLowerCase(), ...item.dataset }));
  const topics = [...document.querySelectorAll('.topic')];
  const toggle = form.elements.toggle;

  const shown = () => cases.filter(({ item }) => !item.hidden);

  function nameToggle() {
    const all = shown();
    toggle.textContent = all.length > 0 && all.every(({ details }) => details.open) ? 'Close all' : 'Open all';
  }

  function filter() {
    const { topic, level, mode, outcome, text } = Object.fromEntries(new FormData(form));
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    for (const one of cases) {
      one.item.hidden = !((!topic || one.topic === topic) && (!level || one.level === level) &&
        (!mode || one.mode === mode) && (!outcome || one.outcome === outcome) && words.every((word) => one.text.includes(word)));
    }
    for (const section of topics) {
      section.hidden = section.querySelector('li:not([hidden])') === null;
    }
    const count = shown().length;
    nothing.hidden = count > 0;
    form.elements.shown.value = count === cases.length ? `${count} results` : `${count} of ${cases.length} results`;
    nameToggle();
  }

  function showAll() {
    form.reset();
    filter();
  }

  // A link to a topic or a case shows it, whatever is filtered.
  function reveal() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target?.closest('.topic')) return;
    if (target.closest('.topic').hidden || target.hidden) showAll();
    target.querySelector('details')?.setAttribute('open', '');
    requestAnimationFrame(() => target.scrollIntoView());
  }

  form.addEventListener('input', filter);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.elements.all.addEventListener('click', showAll);
  toggle.addEventListener('click', () => {
    const open = toggle.textContent === 'Open all';
    for (const { details } of shown()) details.open = open;
    nameToggle();
  });
  document.addEventListener('toggle', nameToggle, true);
  addEventListener('hashchange', reveal);

  form.hidden = false;
  filter();
  reveal();
})();

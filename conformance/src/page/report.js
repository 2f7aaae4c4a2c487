// index.html: the filter, and plots of the tables of numbers. Without this script the page can be read all the
// same; nothing in here loads anything.
'use strict';

// ---- the filter

const form = document.getElementById('filter');
const items = [...document.querySelectorAll('.item')].map((element) => ({
  element,
  rule: element.classList.contains('rule'),
  area: element.dataset.area,
  verdicts: element.dataset.verdicts.split(' ').map((pair) => pair.split(':')),
  text: element.textContent.toLowerCase(),
}));

function isWanted(item, wanted) {
  const {verdict, area, store, text} = wanted;
  if (area && item.area !== area) return false;
  if (text && !item.text.includes(text)) return false;
  return item.verdicts.some(([of, came]) => {
    if (store && of !== store) return false;
    if (verdict === '!') return came !== 'passed' && came !== 'not_offered';
    return !verdict || came === verdict;
  });
}

function filter() {
  const value = (name) => (form.elements[name] ? form.elements[name].value : '');
  const wanted = {
    verdict: value('verdict'),
    area: value('area'),
    store: value('store'),
    text: value('text').trim().toLowerCase(),
  };
  let shown = 0;
  for (const item of items) {
    item.element.hidden = !isWanted(item, wanted);
    if (item.rule && !item.element.hidden) ++shown;
  }
  for (const area of document.querySelectorAll('section.area')) {
    area.hidden = !area.querySelector('.item:not([hidden])');
  }
  for (const nothing of document.querySelectorAll('.nothing')) {
    nothing.hidden = !!nothing.parentElement.querySelector('.item:not([hidden])');
  }
  const rules = items.filter((item) => item.rule).length;
  form.querySelector('[role=status]').textContent =
      shown === rules ? `${rules} rules` : `${shown} of ${rules} rules`;
}

function openAll(open) {
  for (const item of items) {
    if (!item.element.hidden) item.element.open = open;
  }
}

form.hidden = false;
form.addEventListener('input', filter);
form.addEventListener('change', filter);  // drivers of browsers give no other event for a choice
form.addEventListener('submit', (event) => event.preventDefault());
form.elements.open.addEventListener('click', () => openAll(true));
form.elements.close.addEventListener('click', () => openAll(false));
filter();  // a reload keeps what was chosen

// A link to a rule leads to it, also when the filter hides it, and opens it.
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target || !target.classList.contains('item')) return;
  if (target.hidden) {
    form.reset();
    filter();
  }
  target.open = true;
  target.scrollIntoView();
}
window.addEventListener('hashchange', openTarget);
openTarget();

// Paper opens nothing.
window.addEventListener('beforeprint', () => openAll(true));

// ---- plots

const dark = window.matchMedia('(prefers-color-scheme: dark)');
const calm = window.matchMedia('(prefers-reduced-motion: reduce)');
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function duration(seconds) {
  return seconds < 1 ? `${Number((seconds * 1000).toPrecision(3))} ms` : `${Number(seconds.toPrecision(3))} s`;
}

// Ticks at powers of ten; where the axis has few of them, at twice and five times these too.
function tick(value, ignored, ticks) {
  const decades = Math.log10(ticks[ticks.length - 1].value / ticks[0].value);
  const digit = Number(value.toExponential()[0]);
  return digit === 1 || (decades < 2.5 && (digit === 2 || digit === 5)) ? duration(value) : null;
}

// The table as what Chart.js takes: a dataset for each column, a label for each row.
function dataOf(table) {
  const heads = [...table.tHead.rows[0].cells].slice(1);
  const rows = [...table.tBodies[0].rows];
  const number = (cell) => Number(cell.dataset.value || cell.textContent);
  return {
    labels: rows.map((row) => row.cells[0].textContent),
    datasets: heads.map((head, i) => ({
      label: head.textContent,
      data: rows.map((row) => number(row.cells[i + 1])),
      backgroundColor: colour(`plot-${head.dataset.colour || i % 4}`),
    })),
  };
}

function optionsOf(stacked) {
  const grid = {color: colour('line')};
  const value = stacked ?
      {stacked, grid, ticks: {precision: 0}} :
      {type: 'logarithmic', grid, ticks: {callback: tick, maxRotation: 0}};
  const label = (item) => `${item.dataset.label}: ${stacked ? item.raw : duration(item.raw)}`;
  return {
    indexAxis: 'y',
    animation: calm.matches ? false : {duration: 200},
    maintainAspectRatio: false,
    scales: {x: value, y: {stacked, grid: {display: false}, ticks: {autoSkip: false}}},
    plugins: {legend: {position: 'bottom', labels: {boxWidth: 12}}, tooltip: {callbacks: {label}}},
  };
}

function draw(figure) {
  const table = figure.querySelector('table');
  const stacked = figure.dataset.plot === 'stacked';
  const data = dataOf(table);
  const box = document.createElement('div');
  const canvas = document.createElement('canvas');
  const bars = data.labels.length * (stacked ? 1 : data.datasets.length);
  box.className = 'canvas';
  box.style.height = `${90 + Math.max(bars * 11, data.labels.length * 18)}px`;
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `${figure.querySelector('figcaption').textContent}: the numbers follow`);
  box.append(canvas);
  figure.querySelector('figcaption').after(box);
  figure.querySelector('details').open = false;
  const chart = new Chart(canvas, {type: 'bar', data, options: optionsOf(stacked)});
  dark.addEventListener('change', () => {
    Chart.defaults.color = colour('soft');
    chart.data.datasets = dataOf(table).datasets;
    chart.options = optionsOf(stacked);
    chart.update();
  });
}

Chart.defaults.color = colour('soft');
document.querySelectorAll('.plot').forEach(draw);

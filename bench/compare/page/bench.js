// index.html of a benchmark run: plots of what the tables hold. Without this script the page can be read all the same;
// nothing in here loads anything.
'use strict';

const {figures, growth} = JSON.parse(document.getElementById('data').textContent);
const dark = window.matchMedia('(prefers-color-scheme: dark)');
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// ---- words

function count(value) {
  const digits = (x) => String(Number(x.toPrecision(3)));
  if (value >= 1e6) return `${digits(value / 1e6)} M`;
  return value >= 1000 ? Number(value.toPrecision(3)).toLocaleString('en') : digits(value);
}

// For the ticks of an axis, which have little room.
function shortCount(value) {
  const digits = (x) => String(Number(x.toPrecision(3)));
  return value >= 1e6 ? `${digits(value / 1e6)} M` : value >= 1000 ? `${digits(value / 1000)} k` : digits(value);
}

function duration(microseconds) {
  const [value, unit] = microseconds < 1 ? [microseconds * 1e3, 'ns'] :
      microseconds < 1e3 ? [microseconds, 'µs'] :
      microseconds < 1e6 ? [microseconds / 1e3, 'ms'] : [microseconds / 1e6, 's'];
  return `${Number(value.toPrecision(3)).toLocaleString('en')} ${unit}`;
}

// Ticks of a logarithmic axis at powers of ten; where there are few of these, at twice and five times them too.
function logarithmicTick(words) {
  return (value, ignored, ticks) => {
    const decades = Math.log10(ticks[ticks.length - 1].value / ticks[0].value);
    const digit = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
    const is = (other) => Math.abs(digit - other) < 1e-6;
    return is(1) || (decades < 1.5 && (is(2) || is(5))) ? words(value) : null;
  };
}

function exponentWords(exponent) {
  return (Math.abs(exponent) < 0.005 ? 0 : exponent).toFixed(2);
}

function caseOf(figure) {
  return figure.name.slice(figure.store.length + 1);
}

function caseWords(figure) {
  if (!figure.parameter) return figure.title;
  const parameter = figure.value === 1 ? figure.parameter.replace(/s$/, '') : figure.parameter;
  return `${figure.title}, ${figure.value.toLocaleString('en')} ${parameter}`;
}

const durabilityWords = {
  'device': 'on the device',
  'page cache': 'in the page cache',
  'memory': 'in memory',
  'unknown': 'of unknown durability',
};

// ---- what Chart.js lacks

// Whiskers for intervals, figures behind bars, a dashed line for the limit.
const bars = {
  id: 'bars',
  afterDatasetsDraw(chart) {
    const {ctx, scales: {x}, chartArea} = chart;
    const {rows, limit} = chart.options.plugins.bars;
    ctx.save();
    ctx.fillStyle = colour('text');
    ctx.textBaseline = 'middle';
    ctx.font = '12px system-ui, sans-serif';
    if (limit !== null) {
      ctx.setLineDash([5, 4]);
      ctx.strokeStyle = colour('bad');
      ctx.lineWidth = 1.5;
      ctx.beginPath();
      ctx.moveTo(x.getPixelForValue(limit), chartArea.top);
      ctx.lineTo(x.getPixelForValue(limit), chartArea.bottom);
      ctx.stroke();
      ctx.setLineDash([]);
    }
    chart.getDatasetMeta(0).data.forEach((bar, i) => {
      const {low, high, median} = rows[i].per_second;
      let end = bar.x;
      ctx.strokeStyle = colour('text');
      ctx.lineWidth = 1.5;
      if (low !== null) {
        const [left, right] = [x.getPixelForValue(low), x.getPixelForValue(high)];
        ctx.beginPath();
        ctx.moveTo(left, bar.y);
        ctx.lineTo(right, bar.y);
        for (const at of [left, right]) {
          ctx.moveTo(at, bar.y - 4);
          ctx.lineTo(at, bar.y + 4);
        }
        ctx.stroke();
        end = Math.max(end, right);
      }
      ctx.lineWidth = 4;
      ctx.strokeStyle = colour('card');  // so that no line crosses the digits
      ctx.strokeText(count(median), end + 6, bar.y);
      ctx.fillText(count(median), end + 6, bar.y);
    });
    ctx.restore();
  },
};

// Behind the marks of a store: a line from the least to the greatest that is told, thicker from p10 to p90.
const strings = {
  id: 'strings',
  beforeDatasetsDraw(chart) {
    const {ctx, scales: {x, y}} = chart;
    const stroke = (at, from, to, width, of) => {
      if (!(from > 0) || !(to > 0)) return;
      ctx.lineWidth = width;
      ctx.strokeStyle = colour(of);
      ctx.beginPath();
      ctx.moveTo(x.getPixelForValue(from), at);
      ctx.lineTo(x.getPixelForValue(to), at);
      ctx.stroke();
    };
    ctx.save();
    for (const [i, {counters}] of chart.options.plugins.strings.rows.entries()) {
      const at = y.getPixelForValue(i);
      stroke(at, counters.p10_us || counters.p50_us, counters.max_us || counters.p99_us, 1.5, 'soft');
      stroke(at, counters.p10_us, counters.p90_us, 7, 'bar');
    }
    ctx.restore();
  },
};

const percentiles = [
  ['p50_us', 'p50', 'circle', 'text'],
  ['p99_us', 'p99', 'triangle', 'plot-1'],
  ['p999_us', 'p99.9', 'rect', 'plot-2'],
  ['max_us', 'max', 'rectRot', 'plot-3'],
];

// ---- plots

const charts = [];

// Draws now, and again when light and dark change.
function draw(parent, height, label, configuration) {
  const box = document.createElement('div');
  const canvas = document.createElement('canvas');
  box.className = 'canvas';
  box.style.height = `${height}px`;
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `${label}: the numbers are in the table below`);
  box.append(canvas);
  parent.append(box);
  charts.push({configuration, chart: new Chart(canvas, configuration())});
}

function options(more) {
  return {animation: false, maintainAspectRatio: false, ...more};
}

const stores = (rows) => rows.map((row) => row.store);

function mostOf(rows) {
  return Math.max(...rows.map((row) => row.per_second.high || row.per_second.median));
}

// A limit far to the right would leave no room for the bars; it stands in the caption only.
function isNear(limit, rows) {
  return limit !== null && limit.per_second.median < mostOf(rows) * 2.5;
}

function throughput(parent, rows, limit, label) {
  const dashed = isNear(limit, rows) ? limit.per_second.median : null;
  draw(parent, 44 + rows.length * 26, `${label}, throughput`, () => ({
    type: 'bar',
    plugins: [bars],
    data: {
      labels: stores(rows),
      datasets: [{data: rows.map((row) => row.per_second.median), backgroundColor: colour('bar'), maxBarThickness: 18}],
    },
    options: options({
      indexAxis: 'y',
      layout: {padding: {right: 56}},
      scales: {
        x: {beginAtZero: true, suggestedMax: Math.max(mostOf(rows), dashed), grid: {color: colour('line')},
          ticks: {callback: shortCount, maxRotation: 0, maxTicksLimit: 6}},
        y: {grid: {display: false}, ticks: {autoSkip: false, color: colour('text')}},
      },
      plugins: {
        legend: {display: false},
        bars: {rows, limit: dashed},
        tooltip: {callbacks: {label: (item) => throughputWords(rows[item.dataIndex])}},
      },
    }),
  }));
}

function throughputWords({per_second: {median, low, high}, durability}) {
  const interval = low === null ? 'no interval' : `${count(low)} to ${count(high)}`;
  return `${count(median)} a second (${interval}), ${durabilityWords[durability]}`;
}

function latency(parent, rows, label) {
  const least = Math.min(...rows.map(({counters}) => counters.p10_us || counters.p50_us).filter((value) => value > 0));
  draw(parent, 74 + rows.length * 26, `${label}, latency`, () => ({
    type: 'scatter',
    plugins: [strings],
    data: {
      datasets: percentiles.map(([name, words, pointStyle, of]) => ({
        label: words,
        pointStyle,
        radius: 5,
        hoverRadius: 6,
        backgroundColor: colour(of),
        borderColor: colour('card'),
        data: rows.map((row, i) => ({x: row.counters[name], y: i})).filter(({x}) => x > 0),
      })),
    },
    options: options({
      layout: {padding: {right: 12}},
      scales: {
        x: {type: 'logarithmic', min: least / 1.3, grid: {color: colour('line')},
          ticks: {callback: logarithmicTick(duration), maxRotation: 0}},
        y: {type: 'linear', min: -0.6, max: rows.length - 0.4, reverse: true, grid: {display: false},
          afterBuildTicks: (axis) => { axis.ticks = rows.map((row, value) => ({value})); },
          ticks: {autoSkip: false, color: colour('text'), callback: (value) => rows[value].store}},
      },
      plugins: {
        legend: {position: 'bottom', labels: {usePointStyle: true, boxWidth: 8}},
        strings: {rows},
        tooltip: {callbacks: {label: (item) => `${rows[item.raw.y].store}: ${item.dataset.label} ${duration(item.raw.x)}`}},
      },
    }),
  }));
}

function figureElement(parent, title, below) {
  const element = document.createElement('figure');
  const caption = document.createElement('figcaption');
  const small = document.createElement('small');
  element.className = 'plot';
  caption.textContent = title;
  small.textContent = below;
  caption.append(small);
  element.append(caption);
  parent.append(element);
  return element;
}

function heading(parent, text) {
  const element = document.createElement('h3');
  element.textContent = text;
  parent.append(element);
}

// Curves have plots of their own.
function isOfCurve(figure) {
  return growth.some(({store, workload}) => store === figure.store && workload === figure.workload);
}

function limitOf(figure) {
  return figures.find(({name, per_second: measured}) => name === `limits/${figure.limit}` && measured) || null;
}

function drawCase(parent, rows) {
  rows.sort((a, b) => b.per_second.median - a.per_second.median);
  const title = caseWords(rows[0]);
  const limit = limitOf(rows[0]);
  const below = [durabilityWords[rows[0].durability]];
  if (limit) {
    const drawn = isNear(limit, rows) ? ', dashed' : '';
    below.push(`limit: ${limit.title}, ${count(limit.per_second.median)}${drawn}`);
  }
  const element = figureElement(parent, title, below.join('; '));
  heading(element, `${rows[0].unit} a second, 95 % interval; more is better`);
  throughput(element, rows, limit, title);
  const timed = rows.filter((row) => percentiles.some(([name]) => row.counters[name] > 0));
  if (timed.length === 0) return;
  heading(element, 'latency, bar from p10 to p90; less is better');
  latency(element, timed, title);
}

function drawDurability(parent) {
  const cases = new Map();
  for (const figure of figures) {
    if (figure.durability !== parent.dataset.durability || figure.store === 'limits') continue;
    if (!figure.per_second || isOfCurve(figure)) continue;
    if (!cases.has(caseOf(figure))) cases.set(caseOf(figure), []);
    cases.get(caseOf(figure)).push(figure);
  }
  for (const rows of cases.values()) drawCase(parent, rows);
}

const pointStyles = ['circle', 'triangle', 'rect', 'rectRot', 'cross', 'star', 'crossRot', 'rectRounded', 'dash', 'line'];

// A store has one colour in all plots.
const allStores = [...new Set(growth.map(({store}) => store))];

function drawCurves(parent, curves) {
  const {title, parameter, durability} = curves[0];
  const element = figureElement(parent, title, durabilityWords[durability]);
  heading(element, `time by number of ${parameter}; less and flatter is better`);
  draw(element, 250 + Math.ceil(curves.length / 3) * 18, title, () => ({
    type: 'line',
    data: {
      datasets: curves.map(({store, points, exponent}) => {
        const i = allStores.indexOf(store) % 10;
        return {
          label: `${store} (${exponentWords(exponent.median)})`,
          data: points.map(({value, seconds}) => ({x: value, y: seconds * 1e6})),
          borderColor: colour(`plot-${i}`),
          backgroundColor: colour(`plot-${i}`),
          pointStyle: pointStyles[i],
          borderWidth: 2,
          radius: 4,
        };
      }),
    },
    options: options({
      scales: {
        x: {type: 'logarithmic', grid: {color: colour('line')}, title: {display: true, text: parameter},
          ticks: {callback: logarithmicTick(shortCount), maxRotation: 0}},
        y: {type: 'logarithmic', grid: {color: colour('line')}, ticks: {callback: logarithmicTick(duration)}},
      },
      plugins: {
        legend: {position: 'bottom', labels: {usePointStyle: true, boxWidth: 8}},
        tooltip: {callbacks: {label: (item) => `${item.dataset.label}: ${count(item.raw.x)} ${parameter}, ${duration(item.raw.y)}`}},
      },
    }),
  }));
}

function drawGrowth(parent) {
  const families = new Map();
  for (const curve of growth) {
    const key = `${curve.durability}/${curve.workload}`;
    if (!families.has(key)) families.set(key, []);
    families.get(key).push(curve);
  }
  for (const curves of families.values()) drawCurves(parent, curves);
}

function setDefaults() {
  Chart.defaults.color = colour('soft');
}

setDefaults();
document.querySelectorAll('[data-durability]').forEach(drawDurability);
document.querySelectorAll('[data-growth]').forEach(drawGrowth);
dark.addEventListener('change', () => {
  setDefaults();
  for (const {configuration, chart} of charts) {
    const {data, options: anew} = configuration();
    chart.data = data;
    chart.options = anew;
    chart.update();
  }
});

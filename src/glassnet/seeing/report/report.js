"use strict";
(() => {
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));

  // The threshold: shows the entry that was counted for it.
  const table = JSON.parse(one("#thresholds").textContent);
  const panel = one("#threshold");
  if (table && panel) {
    const slider = one("#cut"), total = one("#cost-total"), best = one("#cost-best");
    const prices = [one("#cost-fp"), one("#cost-fn")];
    const price = (input) => { const value = parseFloat(input.value); return Number.isFinite(value) && value >= 0 ? value : 0; };
    const written = (value) => value.toLocaleString("en-US", { maximumFractionDigits: 6 });
    const costs = () => table.fp.map((fp, i) => fp * price(prices[0]) + table.fn[i] * price(prices[1]));
    const frame = (svg) => svg.dataset.frame.split(" ").map(Number);
    let cheapest = 0;

    const show = () => {
      const at = Number(slider.value);
      one("#cut-value").textContent = table.thresholds[at];
      slider.setAttribute("aria-valuetext", table.thresholds[at]);
      for (const cell of all("[data-show]", panel)) {
        const value = table[cell.dataset.show][at];
        cell.textContent = typeof value === "number" ? written(value) : value;
      }
      for (const line of all("[data-threshold]", panel)) {
        const [left, , wide] = frame(line.closest("svg"));
        const x = left + (wide * at) / 100;
        line.setAttribute("x1", x);
        line.setAttribute("x2", x);
      }
      for (const ring of all("[data-places]")) {
        const [x, y] = ring.dataset.places.split(" ")[at].split(",");
        ring.setAttribute("cx", x);
        ring.setAttribute("cy", y);
      }
      total.textContent = written(costs()[at]);
    };

    const weigh = () => {
      const values = costs(), most = Math.max(...values.slice(1, -1)), least = Math.min(...values);
      const lowest = values.flatMap((value, i) => (value === least ? [i] : []));
      cheapest = lowest.reduce((a, b) => (Math.abs(b - 50) < Math.abs(a - 50) ? b : a));
      best.textContent = `The least possible is ${written(least)}, at ${table.thresholds[cheapest]}.`;
      const line = one("[data-cost]", panel);
      const [left, top, wide, high] = frame(line.closest("svg"));
      const place = (value, i) => `${(left + (wide * i) / 100).toFixed(1)} ${(top + high * (1 - (most ? Math.min(value / most, 1) : 0))).toFixed(1)}`;
      line.setAttribute("d", "M" + values.map(place).join("L"));
      show();
    };

    slider.addEventListener("input", show);
    prices.forEach((input) => input.addEventListener("input", weigh));
    one("#cheapest").addEventListener("click", () => { slider.value = cheapest; show(); });
    weigh();
  }

  // The network: one drawing for each example, of which one is seen.
  const stage = one("#stage");
  if (stage) {
    const told = one("#told"), invitation = told.textContent;
    const tell = (unit) => {
      all(".chosen", stage).forEach((other) => other.classList.remove("chosen"));
      unit.classList.add("chosen");
      told.textContent = unit.getAttribute("aria-label");
    };
    const choose = (name) => {
      for (const passage of all("[data-example]", stage)) passage.hidden = passage.dataset.example !== name;
      told.textContent = invitation;
    };
    for (const radio of all("input[name=example]")) radio.addEventListener("change", () => choose(radio.value));
    for (const radio of all("input[name=way]")) radio.addEventListener("change", () => { stage.className = radio.value; });
    for (const unit of all("[data-node][aria-label]", stage)) {
      unit.addEventListener("click", () => tell(unit));
      unit.addEventListener("focus", () => tell(unit));
      unit.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); tell(unit); }
      });
    }
    const example = one("input[name=example]:checked"), way = one("input[name=way]:checked");
    if (example) choose(example.value);
    if (way) stage.className = way.value;
  }

  for (const button of all("[data-copy]")) {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(source);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }
})();

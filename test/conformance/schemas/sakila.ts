/** The Sakila film rental: two references to one table, two tables that refer to each other, two junctions. The tables are those of the public sample; the rows are made here. */
import { schema } from './tables.ts'

const changed = 'last_update datetime'

export const sakila = schema(
  {
    actor: `actor_id integer key
      first_name string(45)
      last_name string(45)
      ${changed}`,
    category: `category_id integer key
      name string(25)
      ${changed}`,
    language: `language_id integer key
      name string(20)
      ${changed}`,
    country: `country_id integer key
      country string(50)
      ${changed}`,
    city: `city_id integer key
      city string(50)
      country_id integer -> country.country_id
      ${changed}`,
    address: `address_id integer key
      address string(50)
      address2 string(50)?
      district string(20)
      city_id integer -> city.city_id
      postal_code string(10)?
      phone string(20)
      ${changed}`,
    film: `film_id integer key
      title string(128)
      description text?
      release_year integer?
      language_id integer -> language.language_id
      original_language_id integer? -> language.language_id
      rental_duration integer
      rental_rate decimal(4.2)
      length integer?
      replacement_cost decimal(5.2)
      rating string(10)?
      special_features string(60)?
      ${changed}`,
    film_actor: `actor_id integer key -> actor.actor_id
      film_id integer key -> film.film_id
      ${changed}`,
    film_category: `film_id integer key -> film.film_id
      category_id integer key -> category.category_id
      ${changed}`,
    store: `store_id integer key
      manager_staff_id integer? -> staff.staff_id later
      address_id integer -> address.address_id
      ${changed}`,
    staff: `staff_id integer key
      first_name string(45)
      last_name string(45)
      address_id integer -> address.address_id
      email string(50)?
      store_id integer -> store.store_id
      active boolean
      username string(16)
      password string(40)?
      ${changed}`,
    customer: `customer_id integer key
      store_id integer -> store.store_id
      first_name string(45)
      last_name string(45)
      email string(50)?
      address_id integer -> address.address_id
      active boolean
      create_date datetime
      ${changed}`,
    inventory: `inventory_id integer key
      film_id integer -> film.film_id
      store_id integer -> store.store_id
      ${changed}`,
    rental: `rental_id integer key
      rental_date datetime
      inventory_id integer -> inventory.inventory_id
      customer_id integer -> customer.customer_id
      return_date datetime?
      staff_id integer -> staff.staff_id
      ${changed}`,
    payment: `payment_id integer key
      customer_id integer -> customer.customer_id
      staff_id integer -> staff.staff_id
      rental_id integer? -> rental.rental_id
      amount decimal(5.2)
      payment_date datetime
      ${changed}`,
    film_text: `film_id integer key
      title string(255)
      description text?`,
  },
  {
    actor: 12,
    category: 5,
    language: 4,
    country: 5,
    city: 10,
    address: 14,
    film: 25,
    film_actor: 50,
    film_category: 30,
    store: 3,
    staff: 5,
    customer: 14,
    inventory: 30,
    rental: 40,
    payment: 45,
    film_text: 5,
  },
)
